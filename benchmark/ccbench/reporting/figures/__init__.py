"""The paper's Figures 1 to 10 for any number of databases, from the tables of a run.

Imports matplotlib (not pyplot), so import it where figures are drawn, not at the top of a command.
"""

from ccbench.reporting.figures.drawing import illustrations
from ccbench.reporting.figures.faces import figure1
from ccbench.reporting.figures.illustration import Illustration
from ccbench.reporting.figures.profiles import figure7, figure8
from ccbench.reporting.figures.rates import figure3, figure4
from ccbench.reporting.figures.relations import figure9
from ccbench.reporting.figures.saving import save
from ccbench.reporting.figures.space import figure10
from ccbench.reporting.figures.training import figure2
from ccbench.reporting.figures.tuning import figure5, figure6, unit_figure

__all__ = [
    "Illustration",
    "figure1",
    "figure2",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "figure8",
    "figure9",
    "figure10",
    "illustrations",
    "save",
    "unit_figure",
]
