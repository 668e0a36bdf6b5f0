"""Takes what is new in the topic, decodes it with `from_avro`, and adds it to a table of Parquet files.

stream.py COUNT   afterwards the table has to hold the first COUNT readings; they are checked
"""

import sys

from confluent_kafka.schema_registry import SchemaRegistryClient
from greenhouse import BEFORE_HUMIDITY, COUNT, SENSORS, reading, schema, setting
from pyspark.sql import SparkSession
from pyspark.sql import functions as f
from pyspark.sql.avro.functions import from_avro

SECONDS = 240


def session():
    """Spark in this process, with its connectors for Kafka and Avro."""
    return (
        SparkSession.builder.master("local[2]")
        .appName("greenhouse")
        .config("spark.jars", setting("SPARK_JARS"))
        .config("spark.driver.memory", "1g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )


def decode(messages, registry):
    """The readings in these messages, all with the fields of the newest schema.

    `from_avro` knows nothing of a registry. In front of each record are a zero byte and the id of the schema that wrote it,
    four bytes long: so the messages are taken apart by their ids, each lot is decoded with the schema of its id, and what
    they have in common is the reader's schema.
    """
    framed = messages.select(
        f.col("key").cast("string").alias("key"),
        f.col("partition"),
        f.col("offset"),
        f.expr("cast(element_at(filter(headers, h -> h.key = 'site'), 1).value as string)").alias("site"),
        f.expr("hex(substring(value, 1, 1))").alias("magic"),
        f.expr("cast(conv(hex(substring(value, 2, 4)), 16, 10) as int)").alias("schema_id"),
        f.expr("substring(value, 6)").alias("payload"),
    )
    strange = framed.where("magic is null or magic != '00'").count()
    if strange:
        raise SystemExit(f"{strange} messages have no schema id in front")
    lots = []
    for row in framed.select("schema_id").distinct().collect():
        writer = registry.get_schema(row.schema_id).schema_str
        reading_of = from_avro("payload", writer, {"avroSchema": schema("v2"), "mode": "FAILFAST"})
        lot = framed.where(f.col("schema_id") == row.schema_id).withColumn("reading", reading_of)
        lots.append(lot.select("key", "partition", "offset", "site", "schema_id", "reading.*"))
        print(f"  decoding what schema id {row.schema_id} has written")
    whole = lots[0]
    for lot in lots[1:]:
        whole = whole.unionByName(lot)
    return whole


def take_new(spark, table):
    """One run over all that is new. The checkpoint remembers how far the last run came."""
    registry = SchemaRegistryClient({"url": setting("REGISTRY_URL")})

    def add(messages, number):
        if messages.isEmpty():
            return
        print(f"batch {number}")
        decode(messages, registry).write.mode("append").parquet(table)

    query = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", setting("KAFKA_BOOTSTRAP"))
        .option("subscribe", setting("TOPIC"))
        .option("startingOffsets", "earliest")
        .option("includeHeaders", "true")
        .load()
        .writeStream.foreachBatch(add)
        .option("checkpointLocation", f"{setting('STATE')}/checkpoint")
        .trigger(availableNow=True)
        .start()
    )
    if not query.awaitTermination(SECONDS):
        query.stop()
        raise SystemExit(f"the query was not through after {SECONDS} seconds")


def check(rows, count):
    """How many of the table's rows are the readings that were written, in order and on their partition."""
    expected = {}
    for index in range(count):
        made = {"humidity": None} | reading(index)
        expected[(made["sensor"], made["number"])] = made
    partitions, last, right = {}, dict.fromkeys(SENSORS, 0), 0
    for row in rows:
        got = row.asDict()
        made = expected.get((row.sensor, row.number))
        same = made is not None and all(got[name] == made[name] for name in ("sensor", "number", "celsius", "humidity"))
        same = same and got["millis"] == int(made["at"].timestamp() * 1000)
        in_order = row.number == last.get(row.sensor, 0) + 1
        last[row.sensor] = row.number
        one_partition = partitions.setdefault(row.sensor, row.partition) == row.partition
        if same and in_order and one_partition and row.key == row.sensor and row.site == "north":
            right += 1
        else:
            print(f"wrong: {got}")
    return right


def main():
    count = int(sys.argv[1])
    spark = session()
    spark.sparkContext.setLogLevel("ERROR")
    table = f"{setting('STATE')}/readings"
    take_new(spark, table)
    readings = spark.read.parquet(table)
    summary = readings.groupBy("sensor").agg(
        f.count("*").alias("readings"), f.count("humidity").alias("with_humidity"), f.max("celsius").alias("highest")
    )
    summary.orderBy("sensor").show()
    rows = readings.withColumn("millis", f.unix_millis("at")).orderBy("partition", "offset").collect()
    spark.stop()
    right = check(rows, count)
    old = sum(row.humidity is None for row in rows)
    if right != count or len(rows) != count or old != BEFORE_HUMIDITY:
        raise SystemExit(f"FAILED: {right} of {count} records are as they should be, {len(rows)} are there, {old} old ones")
    print(f"{'OK' if count == COUNT else 'so far'}: {right} of {count} records, in order within each sensor")


if __name__ == "__main__":
    main()
