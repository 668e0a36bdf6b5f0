"""Compares the verdicts in a file of pairs with those of the prototype."""

import collections
import json
import sys

language, folder, pairs = sys.argv[1:]
sys.path.insert(0, folder)

DRAFTS = {"04": "draft-04", "06": "draft-06", "07": "draft-07", "2019": "2019-09", "2020": "2020-12"}


def draft(schema):
    """The draft that a schema declares."""
    uri = schema.get("$schema", "")
    return next((name for part, name in DRAFTS.items() if "draft-" + part in uri or "draft/" + part in uri), "draft-07")


def ask_json(pair):
    """True for contained, False for a document that tells the two apart, None for neither."""
    import sem

    reader, writer = json.loads(pair["reader"]), json.loads(pair["writer"])
    if draft(reader) != draft(writer):
        return "not asked"
    return sem.check(writer, reader, draft(writer), tmax=3)[0]


def ask_avro(pair):
    """True if every datum resolves."""
    import avrosem

    return bool(avrosem.check(json.loads(pair["writer"]), json.loads(pair["reader"]))[0])


ask = {"json": ask_json, "avro": ask_avro}[language]
WORDS = {True: "proved", False: "broken", None: "undecided"}
counts = collections.Counter()
with open(pairs, encoding="utf-8") as lines:
    for line in lines:
        pair = json.loads(line)
        try:
            answer = ask(pair)
        except Exception as error:  # the prototype is one, too
            answer = f"failed: {type(error).__name__}"
        theirs = WORDS.get(answer, answer)
        counts[pair["verdict"], theirs] += 1
        if {pair["verdict"], theirs} == {"proved", "broken"}:
            print(f"DIFFERENT, seed {pair['seed']}: ours {pair['verdict']} {pair['witness']}, the prototype's {theirs}")
            print(f"  writer {pair['writer']}\n  reader {pair['reader']}")
for (ours, theirs), count in sorted(counts.items()):
    print(f"ours {ours}, the prototype's {theirs}: {count}")
