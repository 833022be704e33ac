"""Versions of what decides a pixel; part of every cache key, so that a change renders anew.

Apart from the code they speak of, so that listing databases does not import it.
"""

from __future__ import annotations

RENDERER = "render-2"
"""Everything that changes the image of given identities, action units and scenes."""
IDENTITIES = "identity-1"
"""What a seed looks like."""
