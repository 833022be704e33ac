"""The base of every card and table of a card: unknown keys are refused, nothing changes."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Refuses keys that it does not have, and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
