"""The catheter watched from the pressure: occlusion, air, backflow, a stalled motor, told apart."""
