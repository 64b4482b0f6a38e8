"""Published accuracy figures of other pumps, for comparison with ours. Their authors measured them on real pumps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One figure: the pump, the conditions, the figure, and its publication."""

    pump: str
    conditions: str
    figure: str
    source: str


_ZIEGLER = "Ziegler 2020, Pediatr Diabetes, doi 10.1111/pedi.12993"
_ADA = "ADA 2019, Diabetes 68 (Suppl. 1): 119-LB"
_JDST = "J Diabetes Sci Technol 2022, PMC9294567"
_DTT = "Diabetes Technol Ther 2019;21:371, doi 10.1089/dia.2019.0089"
_BOROT = "Borot 2014, J Diabetes Sci Technol, doi 10.1177/1932296814543946"
_GUIDE = "Omnipod user guide, Insulet (12 pods, water)"

BOLUS = (
    Published("13 pump systems", "25 boluses of 0.1 U", "53–96 % within ±15 %; mean −2 to +9 %", _ZIEGLER),
    Published("MiniMed 670G", "boluses of 0.1 U", "85 % within ±15 %; 1 and 10 U: 100 %", _ADA),
    Published("YpsoPump", "boluses of 0.1 U", "88 % within ±15 %; 1 and 10 U: 100 %", _ADA),
    Published("one patch pump", "boluses of 0.2 U, n = 225", "61.3 % within ±15 %; mean −2.5 %, SD 18.5 %", _JDST),
    Published("MiniMed 640G", "boluses of 5 U", "88.1 % within ±5 %", _DTT),
    Published("OmniPod", "boluses of 5 U", "89.0 % within ±5 %", _DTT),
    Published("OmniPod", "boluses of 5 U, n = 300", "mean 5.01 U, from 4.49 to 5.37 U", _GUIDE),
    Published("OmniPod", "boluses of 30 U, n = 72", "mean 30.05 U, from 29.56 to 30.62 U", _GUIDE),
)

BASAL = (
    Published("13 pump systems", "72 h, 0.1 U/h, total", "3 of 13 below 5 % error, others up to +24 %", _ZIEGLER),
    Published("one patch pump", "72 h, 0.1 U/h, 1-h windows", "52.7 % within ±15 %; mean +7.9 %, SD 21.7 %", _JDST),
    Published("one patch pump", "72 h, 1 U/h, 1-h windows", "86.2 % within ±15 %; mean +1.2 %, SD 10.0 %", _JDST),
    Published("JewelPUMP", "24 h, 1 U/h, 15-min windows", "median absolute error 1.02 %", _BOROT),
    Published("Paradigm 712", "24 h, 1 U/h, 15-min windows", "median absolute error 2.22 %", _BOROT),
    Published("OmniPod", "24 h, 1 U/h, 15-min windows", "median absolute error 4.63 %", _BOROT),
)
