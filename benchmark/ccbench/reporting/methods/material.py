"""Sentences on the photographs: the databases, and how faces were standardised."""

from __future__ import annotations

from collections.abc import Mapping

from ccbench.reporting.methods.facts import DatabaseFacts, Facts, in_parentheses
from ccbench.reporting.words import counted, country, decimal, listed, number

_NO_FACE = {
    "skip": "photographs in which these found none either were left out",
    "error": "a face was found in every photograph",
    "center": "where these found none either, the central square of the photograph was taken",
}


def describe_databases(facts: Facts) -> str:
    """Say which databases were used, and which of their photographs."""
    count = len(facts.databases)
    named = listed([_introduced(facts, database) for database in facts.databases])
    version = facts.manifest.get("ccbench", "")
    release = f"version {version}; " if version else ""
    sentences = [
        f"The procedure was that of an earlier comparison of two databases "
        f"({facts.bibliography.cite_paper()}), generalised by ccbench "
        f"({release}{facts.bibliography.cite_ccbench()}); "
        f"we used its protocol “{facts.protocol.name}”.",
        f"{number(count).capitalize()} database{'s' * (count > 1)} of posed facial expressions "
        f"{'were' if count > 1 else 'was'} {'compared' if count > 1 else 'used'}: {named}.",
        *_generated(facts),
        *_kept(facts),
        _amounts(facts),
        *_selection(facts),
        _expressions(facts),
    ]
    return " ".join(sentences)


def _introduced(facts: Facts, database: DatabaseFacts) -> str:
    """Return e.g. "kdef (Karolinska Directed Emotional Faces, Sweden; Lundqvist et al., 1998)"."""
    card = database.card
    place = country(card.get("country", ""))
    title = f"{card['title']}, {place}" if place else str(card["title"])
    return in_parentheses(database.name, [title, facts.bibliography.cite(card["citations"])])


def _generated(facts: Facts) -> list[str]:
    made = [database for database in facts.databases if database.card.get("recipe")]
    if not made:
        return []
    names = listed([in_parentheses(database.name, [_seed(database.card)]) for database in made])
    return [
        f"The pictures of {names} were made by a computer from a recipe and show no real person; "
        f"they are called photographs here."
    ]


def _seed(card: Mapping[str, object]) -> str:
    recipe = card.get("recipe")
    seed = recipe.get("seed") if isinstance(recipe, Mapping) else None
    return f"seed {seed}" if seed is not None else ""


def _kept(facts: Facts) -> list[str]:
    """Say which photographs of a database were read at all."""
    sentences = []
    for database in facts.databases:
        files = database.card.get("files") or {}
        kept = {column: "+".join(values) for column, values in files.get("keep", {}).items()}
        # How file names are read says nothing about what is on the photographs.
        chosen = {k: v for k, v in {**kept, **database.options}.items() if k != "pattern"}
        told = [f"{k} {v.replace('+', ' or ')}" for k, v in chosen.items() if v != "*"]
        if told:
            sentences.append(f"Of {database.name}, the photographs with {listed(told)} were read.")
    return sentences


def _amounts(facts: Facts) -> str:
    def amount(database: DatabaseFacts) -> str:
        photographs = counted(database.photographs, "photograph")
        return f"{photographs} of {counted(database.posers, 'poser')}"

    told = facts.per_database(amount)
    if facts.several and len({amount(database) for database in facts.databases}) == 1:
        return f"From each database, {told} were used."
    return f"The analysis included {told}."


def _selection(facts: Facts) -> list[str]:
    spec = facts.protocol.photographs
    sentences = []
    if spec.posers:
        source = " from those who showed every expression" if spec.complete_only else ""
        sentences.append(f"The posers were drawn at random{source}.")
    elif spec.complete_only:
        sentences.append("Posers who did not show every expression were left out.")
    if spec.per_cell == 1:
        sentences.append(
            "Each poser contributed one photograph of an expression, drawn at random where there "
            "were more."
        )
    elif spec.per_cell:
        sentences.append(
            f"Each poser contributed up to {counted(spec.per_cell, 'photograph')} of an "
            f"expression, drawn at random where there were more."
        )
    return sentences


def _expressions(facts: Facts) -> str:
    sets = {database.expressions for database in facts.databases}
    if len(sets) == 1:
        return f"The expressions were {listed(sets.pop())}."
    told = [f"{listed(database.expressions)} in {database.name}" for database in facts.databases]
    return f"The expressions were {'; '.join(told)}."


def describe_faces(facts: Facts) -> str:
    """Say how photographs became standardised faces (``ccbench.preprocessing``)."""
    face = facts.protocol.face
    size = facts.manifest.get("backbone", {}).get("input_size")
    to_size = f"{size} × {size} pixels" if size else "the input size of the network"
    return (
        f"Photographs were converted to grey (8 bit), and the largest frontal face was located "
        f"with the Haar cascades of OpenCV. Where the usual settings found none, looser ones were "
        f"tried; {_NO_FACE[face.on_missing_face]}. A square of {decimal(face.crop)} times the "
        f"side of the detected square was cut out and resized to {to_size} by bicubic "
        f"interpolation with smoothing. The grey levels were shifted and scaled to a mean of "
        f"{decimal(face.mean)} and a standard deviation of {decimal(face.sd)} (of 0 to 255) "
        f"inside an upright oval with semi-axes of .40 and .49 of the side of the square; levels "
        f"beyond 0 or 255 were clipped. Outside the oval, with a smooth edge, the picture was "
        f"replaced by the grey level {decimal(face.mean)}."
    )
