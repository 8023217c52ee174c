"""How far data-parallel training scales: measured on one machine, predicted for many."""
