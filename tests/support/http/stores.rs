//! A fresh registry for each scenario, on each store.

use super::target::Target;
use accord::model::{Level, VerdictPolicy};
use accord::registry::Settings;
use accord::server::Options;
use accord::service::Service;
use accord::store::{self, Store};
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

/// The stores, by name.
pub const KINDS: [&str; 3] = ["memory", "sqlite", "postgres"];

/// The Postgres server that `ACCORD_TEST_POSTGRES_URL` names, and the databases made on it. A scenario takes
/// a database that no other uses, emptied; so there are as many as tests run at once.
pub struct Postgres {
    url: String,
    idle: Mutex<Vec<String>>,
    made: Mutex<Vec<String>>,
}

impl Postgres {
    /// The server at a URL whose role may create databases.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            idle: Mutex::new(Vec::new()),
            made: Mutex::new(Vec::new()),
        }
    }

    async fn connect(&self, database: Option<&str>) -> Result<PgConnection, String> {
        let mut options =
            sqlx::postgres::PgConnectOptions::from_str(&self.url).map_err(|e| e.to_string())?;
        if let Some(database) = database {
            options = options.database(database);
        }
        options.connect().await.map_err(|e| e.to_string())
    }

    /// The URL of the server with another database.
    fn url_of(&self, database: &str) -> String {
        let (base, query) = match self.url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (self.url.as_str(), String::new()),
        };
        let authority = base
            .find("://")
            .map(|at| at + 3)
            .and_then(|start| base.get(start..)?.find('/').map(|slash| start + slash))
            .unwrap_or(base.len());
        format!(
            "{}/{database}{query}",
            base.get(..authority).unwrap_or(base)
        )
    }

    async fn take(&self) -> Result<String, String> {
        let idle = self.idle.lock().map_err(|e| e.to_string())?.pop();
        if let Some(name) = idle {
            self.empty(&name).await?;
            return Ok(name);
        }
        let name = {
            let mut made = self.made.lock().map_err(|e| e.to_string())?;
            let name = format!("accord_http_{}_{}", std::process::id(), made.len());
            made.push(name.clone());
            name
        };
        let mut connection = self.connect(None).await?;
        self.execute(&mut connection, format!("CREATE DATABASE {name}"))
            .await?;
        let _ = connection.close().await;
        Ok(name)
    }

    /// Takes every row out of a migrated database.
    async fn empty(&self, name: &str) -> Result<(), String> {
        let mut connection = self.connect(Some(name)).await?;
        let tables: Vec<(String,)> = sqlx::query_as(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' \
             AND tablename <> 'head' AND tablename NOT LIKE '\\_sqlx%'",
        )
        .fetch_all(&mut connection)
        .await
        .map_err(|e| e.to_string())?;
        // Deleting few rows is a hundred times as fast as TRUNCATE. A table that others refer to has its turn
        // after them.
        let mut left: Vec<String> = tables.into_iter().map(|(t,)| t).collect();
        for _ in 0..left.len() {
            let mut again = Vec::new();
            for table in left {
                let delete = format!("DELETE FROM {table}");
                if self.execute(&mut connection, delete).await.is_err() {
                    again.push(table);
                }
            }
            left = again;
        }
        if !left.is_empty() {
            return Err(format!("{name}: cannot empty {}", left.join(", ")));
        }
        self.execute(&mut connection, "UPDATE head SET seq = 0".to_owned())
            .await?;
        let _ = connection.close().await;
        Ok(())
    }

    async fn execute(&self, connection: &mut PgConnection, sql: String) -> Result<(), String> {
        // Every name in these statements is made above, none comes from outside.
        sqlx::query(AssertSqlSafe(sql))
            .execute(connection)
            .await
            .map(|_| ())
            .map_err(|e| e.to_string())
    }

    /// Drops the databases it made.
    pub async fn tidy(&self) -> Result<(), String> {
        let made = match self.made.lock() {
            Ok(mut made) => std::mem::take(&mut *made),
            Err(e) => return Err(e.to_string()),
        };
        if made.is_empty() {
            return Ok(());
        }
        let mut connection = self.connect(None).await?;
        for name in made {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            self.execute(&mut connection, drop).await?;
        }
        let _ = connection.close().await;
        Ok(())
    }
}

/// A registry for one scenario.
pub struct Registry {
    /// Where its requests go.
    pub target: Target,
    service: Arc<Service>,
    store: Arc<dyn Store>,
    directory: Option<tempfile::TempDir>,
    database: Option<String>,
}

impl Registry {
    /// Starts one.
    pub async fn start(
        kind: &str,
        postgres: Option<&Postgres>,
        options: &Map<String, Value>,
    ) -> Result<Self, String> {
        let (settings, options) = configure(options)?;
        let mut directory = None;
        let mut database = None;
        let url = match kind {
            "sqlite" => {
                let made = tempfile::tempdir().map_err(|e| e.to_string())?;
                let url = format!("sqlite://{}", made.path().join("accord.db").display());
                directory = Some(made);
                url
            }
            "postgres" => {
                let postgres = postgres.ok_or("no Postgres here")?;
                let name = postgres.take().await?;
                let url = postgres.url_of(&name);
                database = Some(name);
                url
            }
            _ => "memory:".to_owned(),
        };
        let store = store::open(&url).await.map_err(|e| format!("{url}: {e}"))?;
        let service = Service::start(store.clone(), settings)
            .await
            .map_err(|e| format!("{e:?}"))?;
        let router = accord::server::router(service.clone(), &options);
        Ok(Self {
            target: Target::Router(router),
            service,
            store,
            directory,
            database,
        })
    }

    /// Stops it; its database may be used again.
    pub async fn stop(self, postgres: Option<&Postgres>) {
        drop(self.target);
        self.service.stop().await;
        self.store.close().await;
        if let (Some(postgres), Some(name)) = (postgres, self.database)
            && let Ok(mut idle) = postgres.idle.lock()
        {
            idle.push(name);
        }
        drop(self.directory);
    }
}

fn configure(members: &Map<String, Value>) -> Result<(Settings, Options), String> {
    let mut settings = Settings::default();
    let mut options = Options::default();
    for (name, value) in members {
        let wrong = || format!("server option {name}: {value}");
        let switch = || value.as_bool().ok_or_else(wrong);
        let number = || value.as_u64().ok_or_else(wrong);
        match name.as_str() {
            "level" => {
                settings.level = value.as_str().and_then(Level::parse).ok_or_else(wrong)?;
            }
            "verdict_policy" => {
                let policy = value.as_str().and_then(VerdictPolicy::parse);
                settings.verdict_policy = policy.ok_or_else(wrong)?;
            }
            "mode_mutability" => settings.mode_mutability = switch()?,
            "reject_empty_subject" => settings.reject_empty_subject = switch()?,
            "validate_fields" => settings.validate_fields = switch()?,
            "validate_new_schemas" => settings.validate_new_schemas = switch()?,
            "strict_reference_versions" => settings.strict_reference_versions = switch()?,
            "incompatible_code" => {
                options.incompatible_code = u32::try_from(number()?).map_err(|_| wrong())?;
            }
            "max_body_bytes" => {
                options.max_body_bytes = usize::try_from(number()?).map_err(|_| wrong())?;
            }
            _ => return Err(format!("no server option '{name}'")),
        }
    }
    Ok((settings, options))
}
