"""Gives answers on entities their places in words (pure)."""

from collections import defaultdict
from dataclasses import replace

from alft.campaign.answers import Answer, Taken
from alft.campaign.folder import Pool
from alft.campaign.form import Form
from alft.campaign.matching import not_recorded


def in_place(taken: Taken, form: Form, pool: Pool) -> Taken:
    """The answers with labels as the campaign keeps them; those that do not fit their text are told and left out."""
    answers, told, unread = list[Answer](), defaultdict[str, list[str]](list), set(taken.unread)
    for answer in taken.answers:
        try:
            text = pool.texts[pool.row_of[answer.text_id]]
            label = None if answer.label is None else form.placed(answer.label, text)
        except ValueError as why:
            told[str(why)].append(answer.text_id)
            unread.add(replace(answer, label=None))
        else:
            answers.append(replace(answer, label=label))
    return replace(taken, answers=answers, remarks=[*not_recorded(told), *taken.remarks], unread=frozenset(unread))
