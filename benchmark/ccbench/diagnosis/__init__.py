"""Whether installed plugins load, and whether what they provide keeps to the contract."""

from ccbench.diagnosis.doctor import Diagnosis, Patient, diagnose
from ccbench.diagnosis.findings import Finding
from ccbench.diagnosis.items import Item, Material, choose_items

__all__ = [
    "Diagnosis",
    "Finding",
    "Item",
    "Material",
    "Patient",
    "choose_items",
    "diagnose",
]
