"""What two Avro decoders make of the witnesses, and of random records of pairs that were proved.

    avro_decoders.py PAIRS

PAIRS has a JSON object a line: writer, reader, verdict, bytes (the witnesses, in hex). Prints agreement, and what
differs by the decoder's own word for it; the first example of each.
"""
import collections
import io
import json
import sys

import avro.io
import avro.schema
import fastavro
import fastavro.utils


def fast(writer, reader, data):
    fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(writer), fastavro.parse_schema(reader))


def official(writer, reader, data):
    parse = lambda schema: avro.schema.parse(json.dumps(schema))
    decoder = avro.io.BinaryDecoder(io.BytesIO(data))
    avro.io.DatumReader(parse(writer), parse(reader)).read(decoder)


def reads(decode, pair, data):
    """None if it is read, else why not."""
    try:
        decode(json.loads(pair["writer"]), json.loads(pair["reader"]), data)
        return None
    except RecursionError:
        return "RecursionError"
    except Exception as error:  # Decoders fail in their own ways.
        return f"{type(error).__name__}: {str(error)[:60]}"


def samples(pair, count):
    schema = fastavro.parse_schema(json.loads(pair["writer"]))
    try:
        made = list(fastavro.utils.generate_many(schema, count))
    except Exception:  # It cannot make records of recursive schemas.
        return
    for record in made:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        yield out.getvalue()


def main():
    decoders = {"fastavro": fast, "avro": official}
    counts = {name: collections.Counter() for name in decoders}
    differ = {name: collections.OrderedDict() for name in decoders}
    for line in open(sys.argv[1]):
        pair = json.loads(line)
        for name, decode in decoders.items():
            count = counts[name]

            def note(kind, why):
                count[kind] += 1
                word = why.split(":")[0] if why else "read"
                differ[name].setdefault((kind, word), [0, pair])[0] += 1

            if pair["verdict"] == "broken":
                for data in filter(None, pair["bytes"]):
                    why = reads(decode, pair, bytes.fromhex(data))
                    if why:
                        count["witness fails"] += 1
                    else:
                        note("witness is read", why)
            elif pair["verdict"] == "proved":
                for data in samples(pair, 3):
                    why = reads(decode, pair, data)
                    if why:
                        note("proved, not read", why)
                    else:
                        count["proved, read"] += 1
    for name in decoders:
        print(f"{name}: " + ", ".join(f"{kind}: {n}" for kind, n in sorted(counts[name].items())))
        for (kind, word), (n, pair) in differ[name].items():
            print(f"  {kind} ({word}): {n}, e.g. writer {pair['writer'][:200]} reader {pair['reader'][:200]}")


main()
