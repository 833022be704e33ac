"""Sentences on the networks: features, head, training, splits and tests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ccbench.augmentation import PLAIN
from ccbench.protocol import PerceptronHead, Protocol, Schedule
from ccbench.reporting.methods.facts import DatabaseFacts, Facts, in_parentheses
from ccbench.reporting.words import counted, decimal, listed, number, proportion
from ccbench.runner.mixtures import DAILEY


def describe_network(facts: Facts) -> str:
    """Say what was trained: backbone, head, schedule, views."""
    protocol = facts.protocol
    sentences = [_backbone(facts), _head(facts)]
    if isinstance(protocol.head, PerceptronHead) and protocol.training is not None:
        sentences.append(_training(protocol.training))
        sentences += _engine(facts.manifest["request"].get("engine", ""))
    return " ".join([*sentences, *_views(protocol)])


def _backbone(facts: Facts) -> str:
    entry = facts.manifest["backbone"]
    card, digest = entry["card"], str(entry.get("weights_digest", ""))
    architecture, weights = card["architecture"], card["weights"]
    if " " not in weights:
        # A file of the user's is named without its folder.
        weights = re.split(r"[/\\]", weights)[-1]
    details = [
        facts.bibliography.cite(card["citations"]),
        f"architecture: {architecture}" if architecture not in card["title"] else "",
        f"weights: {weights}",
        f"digest {digest[:12]}" if re.fullmatch(r"[0-9a-f]{16,}", digest) else "",
    ]
    return (
        f"The features of a face were the activations of the layer {card['layer']}"
        f"{_positions(entry)} of {in_parentheses(card['title'], details)}. The weights of this "
        f"network were kept; only a head, from these features to the expressions, was trained. "
        f"Grey levels were copied to the three colour channels and normalised as in the original "
        f"training of the network.{_feature_precision(entry)}"
    )


def _feature_precision(entry: Mapping[str, Any]) -> str:
    """Say in which precision features were computed, if not in the usual."""
    if entry.get("precision") != "bfloat16":
        return ""
    return " After the first layer, activations were computed from numbers of 16 bits (bfloat16)."


def _positions(entry: Mapping[str, Any]) -> str:
    """Say what became of positions in the layer, and how many features that made.

    Runs of earlier versions do not tell.
    """
    if "features" not in entry:
        return ""
    count = f"({counted(entry['features'], 'feature')})"
    forms = {
        "averaged": f", averaged over its positions {count},",
        "flattened": f" at all of its positions {count}",
        "none": f" {count}",
    }
    return forms[entry["positions"]]


def _head(facts: Facts) -> str:
    head = facts.protocol.head
    if not isinstance(head, PerceptronHead):
        units = facts.per_database(lambda database: number(len(database.expressions)))
        return (
            f"The head was a multinomial logistic regression with {units} classes, the "
            f"expressions. Features were centred and divided by the root mean square of their "
            f"norms, and the mean cross-entropy plus {decimal(head.ridge)} times the squared norm "
            f"of the weights (ridge penalty) was minimised by Newton's method."
        )

    def sizes(database: DatabaseFacts) -> str:
        return "-".join(str(units) for units in (*head.hidden, len(database.expressions)))

    hidden = ""
    if head.hidden:
        hidden = " with rectified linear units between them"
    if head.hidden and head.dropout:
        places = "the first layer" if len(head.hidden) == 1 else "every layer but the last"
        hidden += f" and a dropout of {proportion(head.dropout)} before {places}"
    return (
        f"The head consisted of {counted(len(head.hidden) + 1, 'fully connected layer')} "
        f"({facts.per_database(sizes)} units){hidden}; the last had one unit for each expression. "
        f"Weights were drawn from a normal distribution with a variance of two divided by the "
        f"number of inputs, and biases started at zero."
    )


def _training(schedule: Schedule) -> str:
    (_, first), *later = schedule.learning_rate
    rates = [decimal(first)]
    rates += [f"{decimal(rate)} from iteration {start:,}" for start, rate in later]
    extras = [
        f"a momentum of {proportion(schedule.momentum)}" if schedule.momentum else "no momentum",
        f"a weight decay of {decimal(schedule.weight_decay)}"
        if schedule.weight_decay
        else "no weight decay",
    ]
    return (
        f"Heads were trained for {counted(schedule.iterations, 'iteration')} by stochastic "
        f"gradient descent on the cross-entropy, in mini-batches of {number(schedule.batch_size)} "
        f"views that were shuffled anew in every epoch. The learning rate was {listed(rates)}, "
        f"with {listed(extras)}."
    )


def _engine(name: str) -> list[str]:
    """Say how the descent was computed, where it was not step by step in single precision."""
    delayed = (
        "The weights of the hidden layers were written after every block of mini-batches, with the "
        "updates that were pending taken into account exactly"
    )
    if name == "float32":
        return [f"{delayed}."]
    if name == "bfloat16":
        return [
            f"{delayed}; matrix products had factors of 16 bits (bfloat16), while sums, weights "
            f"and losses were kept in single precision."
        ]
    return []


def _views(protocol: Protocol) -> list[str]:
    views, count = protocol.views, len(protocol.training_views)
    factors = []
    if views.sizes != (1.0,):
        sizes = listed([decimal(size) for size in views.sizes])
        factors.append(f"{counted(len(views.sizes), 'size')} ({sizes} times the original)")
    if views.shifts != ((0.0, 0.0),):
        shifts = listed([f"({decimal(right)}, {decimal(down)})" for right, down in views.shifts])
        factors.append(
            f"{counted(len(views.shifts), 'position')} (shifts to the right and down of {shifts} "
            f"pixels)"
        )
    if views.reflections:
        factors.append("two reflections (as it was, and left to right)")
    if protocol.training_views == (PLAIN,):
        return ["Every face was shown as it was, without further views."]
    shown = (
        f"For training and validation, every face was shown in {counted(count, 'view')}: "
        f"{' × '.join(factors)}."
    )
    if protocol.test_views == (PLAIN,):
        return [shown, "For all other purposes it was shown as it was."]
    return [
        shown,
        "Test faces were shown in the same views, and the outputs of the head averaged over them.",
    ]


def describe_tests(facts: Facts) -> str:
    """Say how posers were split, and who was tested on what."""
    runs = facts.protocol.runs
    when = "In a single run" if runs == 1 else f"In each of {number(runs)} runs"
    whose = "each database" if facts.several else facts.names
    sentences = [
        f"{when}, the posers of {whose} were divided at random into {_parts(facts)}; no poser was "
        f"in more than one of these sets.",
        "The validation posers served to monitor training only.",
    ]
    if any(sum(database.parts) < database.posers for database in facts.databases):
        sentences.insert(1, "Posers beyond these numbers were not used in that run.")
    if not facts.protocol.photographs.complete_only:
        sentences.insert(
            1, "Posers who had shown different expressions were spread evenly over the sets."
        )
    return " ".join([*sentences, *_together(facts), *_tests(facts), _score(facts)])


def _together(facts: Facts) -> list[str]:
    """Say which databases show the same posers."""
    return [
        f"{listed(group)} shared posers: persons who were in several of these were divided "
        f"together, so that in a run each belonged to one set in all of them."
        for group in facts.manifest.get("same_posers", ())
    ]


def _parts(facts: Facts) -> str:
    def told(database: DatabaseFacts) -> str:
        train, validation, test = map(number, database.parts)
        about = "about " * database.about
        return f"{about}{train} for training, {validation} for validation and {test} for testing"

    return facts.per_database(told)


def _tests(facts: Facts) -> list[str]:
    if not facts.several:
        return ["The network was then tested on the photographs of the test posers."]
    others = "the other database" if len(facts.databases) == 2 else "every other database"
    total = facts.protocol.runs * len(facts.databases)
    return [
        f"A network was trained on each database in each run ({number(total)} networks in all), "
        f"and tested on the photographs of the test posers of its own database (own test) and, "
        f"without further training, of {others} (swapped test): those that the same run had set "
        f"aside there.",
        *_mixtures(facts),
    ]


def _mixtures(facts: Facts) -> list[str]:
    """Say what was trained on several databases at once."""
    mixtures = facts.manifest.get("mixtures", ())
    if not mixtures:
        return []
    told = []
    for entry in mixtures:
        parts = [f"{100 * share:.3g}% of {name}" for name, share in entry["shares"].items()]
        told.append(f"{listed(parts)} ({counted(entry['posers'], 'poser')})")
    cited = facts.bibliography.cite([DAILEY.model_dump()])
    return [
        f"In addition, networks were trained on mixtures of databases ({cited}), in each run on "
        f"posers drawn at random from those that it had set aside for training in these databases, "
        f"in all as many as in the smallest of them: {'; '.join(told)}. They were tested on the "
        f"test posers of every database."
    ]


def _score(facts: Facts) -> str:
    level = facts.expressions
    chance = (
        f"with {number(level)} expressions, the level of chance was 1/{level}"
        if level
        else "the level of chance was one divided by the number of expressions that the network "
        "could choose"
    )
    unscored = (
        ""
        if len({database.expressions for database in facts.databases}) == 1
        else " Photographs of an expression that the network had not been trained on were not "
        "scored."
    )
    return (
        f"The correct rate of a run was the mean of the correct rates of the expressions; "
        f"{chance}.{unscored}"
    )
