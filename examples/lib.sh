# What the examples share: a broker, a registry, limits, and the end of all that was started. To be sourced by bash.
#
# KAFKA_BOOTSTRAP   a broker that runs already; without it, scripts/kafka starts one
# REGISTRY_URL      a registry that runs already; without it, `accord serve` is started
# ACCORD_BIN        the program; without it, `cargo build` makes one
# PYTHON, JAVA      the programs that are used (default: python3, java)
# EXAMPLE_SECONDS   how long one step may take (default: 180)
#
# An example that cannot run here, because a toolchain is missing, says why and ends with status 77.
set -euo pipefail

examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$examples/.." && pwd)
# What the programs under this folder read.
export SCHEMAS="$examples/schemas"
made_here=""
registry_pid=""
work=""

step() { printf '\n== %s\n' "$*"; }
die() { printf 'examples: %s\n' "$*" >&2; exit 1; }
skip() { printf 'skipped: %s\n' "$*"; exit 77; }
need() { command -v "$1" >/dev/null 2>&1 || skip "$1 is missing"; }

# Runs one step of an example and ends it when its time is over.
limited() { timeout --kill-after=10 "${EXAMPLE_SECONDS:-180}" "$@"; }

need_java() {
    need "${JAVA:-java}"
    local major
    major=$("${JAVA:-java}" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ] || skip "Java 17 or newer is missing"
}

end_all() {
    if [ -n "$registry_pid" ]; then
        kill "$registry_pid" 2>/dev/null || true
        wait "$registry_pid" 2>/dev/null || true
        registry_pid=""
    fi
    if [ -n "$work" ]; then
        if [ -d "$work/kafka" ]; then "$root/scripts/kafka" stop "$work/kafka" || true; fi
        rm -rf "$work"
        work=""
    fi
}

start_registry() {
    [ -z "${REGISTRY_URL:-}" ] || return 0
    if [ -z "${ACCORD_BIN:-}" ]; then
        command -v cargo >/dev/null 2>&1 || skip "cargo is missing, and ACCORD_BIN names no program"
        (cd "$root" && cargo build --quiet --bin accord) || die "the registry cannot be built"
        ACCORD_BIN="${CARGO_TARGET_DIR:-$root/target}/debug/accord"
    fi
    [ -x "$ACCORD_BIN" ] || die "ACCORD_BIN is not a program: $ACCORD_BIN"
    : >"$work/registry.out"
    "$ACCORD_BIN" serve --listen 127.0.0.1:0 --database-url "sqlite://$work/accord.db" \
        >"$work/registry.out" 2>"$work/registry.err" </dev/null &
    registry_pid=$!
    local deadline=$((SECONDS + 60))
    until grep -q '^listening on ' "$work/registry.out"; do
        kill -0 "$registry_pid" 2>/dev/null || { cat "$work/registry.err" >&2; die "the registry has ended"; }
        [ "$SECONDS" -lt "$deadline" ] || die "the registry did not start within a minute"
        sleep 0.1
    done
    REGISTRY_URL=$(sed -n 's/^listening on //p' "$work/registry.out" | head -n 1)
}

# Gives the caller KAFKA_BOOTSTRAP, REGISTRY_URL and $work, a folder of its own; all of it ends with the caller.
start_servers() {
    need timeout
    work=$(mktemp -d "${TMPDIR:-/tmp}/accord-example.XXXXXX")
    trap end_all EXIT
    trap 'exit 130' INT TERM
    if [ -z "${KAFKA_BOOTSTRAP:-}" ]; then
        need_java
        KAFKA_BOOTSTRAP=$("$root/scripts/kafka" start "$work/kafka" 2>"$work/kafka.err") ||
            { cat "$work/kafka.err" >&2; die "no broker"; }
    fi
    start_registry
    export KAFKA_BOOTSTRAP REGISTRY_URL
    # On servers that are not only ours, a second run wants names of its own.
    suffix=-$(date +%s)-$$
    printf 'broker %s, registry %s\n' "$KAFKA_BOOTSTRAP" "$REGISTRY_URL"
}

# python_with FILE: prints the Python of an environment with the requirements in FILE, made the first time.
python_with() {
    local python=${PYTHON:-python3} wanted venv
    command -v "$python" >/dev/null 2>&1 || { printf 'skipped: %s is missing\n' "$python" >&2; return 77; }
    "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
        { printf 'skipped: no Python 3.10 or newer with venv\n' >&2; return 77; }
    wanted=$("$python" -c '
import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read() + sys.version.encode()).hexdigest()[:16])' "$1")
    venv="$root/target/examples-python-$wanted"
    if [ ! -e "$venv/complete" ]; then
        rm -rf "$venv"
        mkdir -p "$root/target"
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1" >&2 ||
            die "the packages of $1 cannot be installed"
        touch "$venv/complete"
    fi
    printf '%s\n' "$venv/bin/python"
}

dependency_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1

# maven_jars NAME GROUP:ARTIFACT:VERSION...: prints the folder with just these jars, filled the first time.
maven_jars() {
    local lib="$root/target/examples-$1" making each group artifact version
    shift
    if [ ! -e "$lib/complete" ]; then
        command -v "${MVN:-mvn}" >/dev/null 2>&1 || { printf 'skipped: Apache Maven is missing\n' >&2; return 77; }
        mkdir -p "$root/target"
        making=$(mktemp -d "$lib.XXXXXX")
        {
            printf '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>\n'
            printf '<groupId>accord</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>\n'
            printf '<dependencies>\n'
            for each in "$@"; do
                IFS=: read -r group artifact version <<<"$each"
                printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' \
                    "$group" "$artifact" "$version"
            done
            printf '</dependencies></project>\n'
        } >"$making/pom.xml"
        "${MVN:-mvn}" -q -B -f "$making/pom.xml" "$dependency_plugin:copy-dependencies" -DexcludeTransitive=true \
            -DoutputDirectory="$making/lib" >"$making/log" 2>&1 ||
            { cat "$making/log" >&2; rm -rf "$making"; die "these jars cannot be fetched: $*"; }
        keep "$making" "$making/lib" "$lib"
    fi
    printf '%s\n' "$lib"
}

# keep MAKING FROM TO: gives a folder that is whole its lasting place, and removes what was there.
keep() {
    touch "$2/complete"
    # Where two runs meet, the one that came first has the folder, and both have the same jars.
    if [ ! -e "$3/complete" ]; then
        rm -rf "$3"
        mv "$2" "$3" || die "cannot make $3"
    fi
    rm -rf "$1"
}

# Prints the class path of Confluent's serializers and converter for Java, which are fetched the first time. Confluent does
# not publish them in the common repository, but Apache Pulsar's connector, which is there, carries them.
confluent_jars() {
    local lib="$root/target/examples-confluent-7.9.2" inside=META-INF/bundled-dependencies making wanted="" name carrier avro
    avro=$(maven_jars avro-1.12.1 org.apache.avro:avro:1.12.1) || return $?
    if [ ! -e "$lib/complete" ]; then
        carrier=org.apache.pulsar:pulsar-io-kafka-connect-adaptor-nar:4.0.8:jar
        making=$(mktemp -d "$lib.XXXXXX")
        for name in kafka-avro-serializer kafka-connect-avro kafka-schema common-utils logredactor minimal-json guava \
            failureaccess; do
            wanted="$wanted,$inside/$name-*.jar"
        done
        "${MVN:-mvn}" -q -B "$dependency_plugin:unpack" -Dartifact="$carrier" -Dmdep.unpack.includes="${wanted#,}" \
            -DoutputDirectory="$making" >"$making/log" 2>&1 ||
            { cat "$making/log" >&2; rm -rf "$making"; die "Confluent's serializers cannot be fetched"; }
        keep "$making" "$making/$inside" "$lib"
    fi
    printf '%s\n' "$lib/*:$avro/*"
}
