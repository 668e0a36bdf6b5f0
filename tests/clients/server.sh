# Starts and stops the registry that a suite of client tests talks to. Sourced by `run`.
#
# Wants ACCORD_BIN (the program) and, for Postgres, POSTGRES_URL (a role that may create databases).

start_seconds=60
stop_seconds=30

# The psql that belongs to an installed Postgres.
find_psql() {
    command -v psql 2>/dev/null && return
    local found="" folder
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin; do
        if [ -x "$folder/psql" ]; then found="$folder/psql"; fi
    done
    [ -n "$found" ] && printf '%s\n' "$found"
}

sql() { "$psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname "$POSTGRES_URL" --command "$1"; }

# start_server STORE: on a store that nothing was written to. Sets REGISTRY_URL.
start_server() {
    server_folder=$(mktemp -d)
    server_database=""
    local database line=""
    case $1 in
        SQLite) database="sqlite://$server_folder/accord.db" ;;
        Postgres)
            psql=$(find_psql) || die "psql is missing: it makes a database for each suite"
            server_database="accord_clients_$$_$RANDOM"
            sql "create database $server_database"
            # The same server and role, another database; what follows a question mark stays.
            local before=${POSTGRES_URL%%\?*} after=""
            case $POSTGRES_URL in *\?*) after="?${POSTGRES_URL#*\?}" ;; esac
            database="${before%/*}/$server_database$after"
            ;;
        *) die "no such store: $1" ;;
    esac
    coproc SERVER {
        exec "$ACCORD_BIN" serve --listen 127.0.0.1:0 --database-url "$database" 2>"$server_folder/stderr"
    }
    server_pid=$SERVER_PID
    # Held open until the end: the server must not meet a closed pipe.
    exec {server_output}<&"${SERVER[0]}"
    read -r -t "$start_seconds" line <&"$server_output" || true
    case $line in
        "listening on "*) REGISTRY_URL=${line#listening on } ;;
        *)
            cat "$server_folder/stderr" >&2
            die "the server did not start: '$line'"
            ;;
    esac
    export REGISTRY_URL
}

# stop_server: fails if the server did not end well, or told of an error of its own.
stop_server() {
    [ -n "${server_pid:-}" ] || return 0
    local pid=$server_pid code=0
    server_pid=""
    kill -TERM "$pid" 2>/dev/null || true
    if ! timeout "$stop_seconds" tail --pid="$pid" -s 0.1 -f /dev/null; then
        kill -KILL "$pid" 2>/dev/null || true
        note "the server did not stop within $stop_seconds seconds"
        code=1
    fi
    wait "$pid" || { note "the server ended with status $?"; code=1; }
    exec {server_output}<&-
    if grep -E ' ERROR |panicked' "$server_folder/stderr" >&2; then
        note "the server told of an error"
        code=1
    fi
    if [ -n "$server_database" ]; then sql "drop database $server_database with (force)" || code=1; fi
    rm -rf "$server_folder"
    return "$code"
}
