//! The SQL against real engines: every statement prepares, and both engines get the same tables.

#[path = "support/postgres.rs"]
mod postgres;

use accord::store::{self, sql};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, Row, SqlSafeStr, SqliteConnection};
use std::collections::BTreeSet;
use std::path::Path;

/// A column: table, name, kind, whether it may be NULL.
type Columns = BTreeSet<(String, String, String, bool)>;

async fn sqlite(folder: &Path) -> SqliteConnection {
    let file = folder.join("accord.db");
    let url = format!("sqlite://{}", file.display());
    assert_eq!(store::migrate(&url).await.unwrap(), 1);
    assert_eq!(store::migrate(&url).await.unwrap(), 0);
    SqliteConnectOptions::new()
        .filename(file)
        .connect()
        .await
        .unwrap()
}

async fn migrated_postgres(database: &postgres::Database) -> PgConnection {
    assert_eq!(store::migrate(&database.url()).await.unwrap(), 1);
    assert_eq!(store::migrate(&database.url()).await.unwrap(), 0);
    PgConnection::connect(&database.url()).await.unwrap()
}

#[tokio::test]
async fn statements_prepare_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = sqlite(folder.path()).await;
    for statement in sql::SHARED.iter().chain(sql::sqlite::ALL) {
        let prepared = (&mut connection).prepare(statement.into_sql_str()).await;
        prepared.unwrap_or_else(|e| panic!("{statement}\n{e}"));
    }
}

#[tokio::test]
async fn statements_prepare_on_postgres() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let mut connection = migrated_postgres(&database).await;
    for statement in sql::SHARED.iter().chain(store::postgres::sql::ALL) {
        let prepared = (&mut connection).prepare(statement.into_sql_str()).await;
        prepared.unwrap_or_else(|e| panic!("{statement}\n{e}"));
    }
    connection.close().await.unwrap();
}

/// A statement that is missing in its list would escape the two tests above.
#[test]
fn every_statement_is_listed() {
    let sources = [
        (
            include_str!("../src/store/sql.rs"),
            sql::SHARED.len() + sql::sqlite::ALL.len(),
        ),
        (
            include_str!("../src/store/postgres/sql.rs"),
            store::postgres::sql::ALL.len(),
        ),
    ];
    for (source, listed) in sources {
        let declared = source.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("pub const") && line.contains(": &str =")
        });
        assert_eq!(declared.count(), listed);
    }
}

#[tokio::test]
async fn both_engines_have_the_same_tables() {
    let Some(database) = postgres::database().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut one = sqlite(folder.path()).await;
    let mut other = migrated_postgres(&database).await;

    let found = sqlx::query(
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 \
         FROM sqlite_schema t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'",
    )
    .fetch_all(&mut one)
    .await
    .unwrap();
    let sqlite: Columns = found
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();

    let found = sqlx::query(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
         FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%'",
    )
    .fetch_all(&mut other)
    .await
    .unwrap();
    let postgres: Columns = found
        .iter()
        .map(|row| {
            let kind: String = row.get(2);
            let kind = match &*kind {
                "bigint" => "INTEGER",
                "text" => "TEXT",
                other => panic!("a column of kind {other}"),
            };
            (row.get(0), row.get(1), kind.to_owned(), row.get(3))
        })
        .collect();
    assert_eq!(sqlite, postgres);
    let tables: BTreeSet<&str> = sqlite.iter().map(|column| &*column.0).collect();
    let expected = [
        "changes", "contexts", "head", "schemas", "settings", "texts", "versions",
    ];
    assert_eq!(tables, BTreeSet::from(expected));

    let migrations = "SELECT version, description FROM _sqlx_migrations ORDER BY version";
    let one = sqlx::query_as(migrations).fetch_all(&mut one).await;
    let one: Vec<(i64, String)> = one.unwrap();
    let two = sqlx::query_as(migrations).fetch_all(&mut other).await;
    let two: Vec<(i64, String)> = two.unwrap();
    assert_eq!(one, two);
    assert_eq!(one, [(1, "initial".to_owned())]);
    other.close().await.unwrap();
}

/// The files and the program's list are the same, by number and name.
#[test]
fn migrations_have_the_same_files() {
    let files = |engine: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files = std::fs::read_dir(folder.join(engine)).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(files("sqlite"), files("postgres"));
    assert_eq!(
        files("sqlite"),
        BTreeSet::from(["0001_initial.sql".to_owned()])
    );
}
