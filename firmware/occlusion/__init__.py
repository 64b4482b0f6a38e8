"""The watch over the catheter by its pressure: tells occlusion, air, backflow and a stalled motor apart."""
