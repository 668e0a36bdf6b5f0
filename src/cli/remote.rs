//! How commands reach a registry: the options that they share, and a runtime to ask with.

use super::exit::Failure;
use crate::client::{RegistryClient, Tuning};
use crate::model::Context;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which registry, and who asks.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct Remote {
    /// The registry's base URL; several that are one registry are separated by commas. A user and a password in front
    /// of the host count.
    #[arg(
        long,
        env = "ACCORD_REGISTRY",
        value_name = "URL",
        hide_env_values = true
    )]
    pub registry: Option<String>,
    /// USER:PASSWORD of basic authentication.
    #[arg(
        long,
        env = "ACCORD_USER",
        value_name = "USER:PASSWORD",
        hide_env_values = true
    )]
    pub user: Option<String>,
    /// A bearer token.
    #[arg(
        long,
        env = "ACCORD_TOKEN",
        hide_env_values = true,
        conflicts_with = "user"
    )]
    pub token: Option<String>,
    /// A header of every request, as NAME: VALUE.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// The authorities to trust instead of the system's: a PEM file.
    #[arg(long, env = "ACCORD_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The certificate to show: a PEM file with the chain and its private key.
    #[arg(long, env = "ACCORD_CERT", value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// The context of subjects that name none.
    #[arg(long, env = "ACCORD_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,
    /// How long one request may take, in seconds.
    #[arg(
        long,
        env = "ACCORD_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 30
    )]
    pub timeout: u64,
}

impl Remote {
    /// A client of the registry that is named by option or environment, else by `configured` (accord.toml).
    pub fn client(&self, configured: Option<&str>) -> Result<RegistryClient, Failure> {
        let url = self.registry.as_deref().or(configured).ok_or_else(|| {
            Failure::usage(
                "no registry is named: give --registry URL, set ACCORD_REGISTRY, or name it in accord.toml",
            )
        })?;
        self.client_of(url)
    }

    /// A client of the registry at a URL, with these credentials.
    pub fn client_of(&self, url: &str) -> Result<RegistryClient, Failure> {
        let timeout = Duration::from_secs(self.timeout.max(1));
        let mut builder = RegistryClient::builder(url)
            .user_agent(concat!("accord-cli/", env!("CARGO_PKG_VERSION")))
            .tuning(Tuning {
                request_timeout: timeout,
                call_timeout: timeout.saturating_mul(3),
                ..Tuning::default()
            });
        if let Some(user) = &self.user {
            let (name, password) = user
                .split_once(':')
                .ok_or_else(|| Failure::usage("--user is written USER:PASSWORD"))?;
            builder = builder.basic_auth(name, password);
        }
        if let Some(token) = &self.token {
            builder = builder.bearer(token);
        }
        for header in &self.headers {
            let (name, value) = header
                .split_once(':')
                .ok_or_else(|| Failure::usage("--header is written 'NAME: VALUE'"))?;
            builder = builder.header(name.trim(), value.trim());
        }
        if let Some(file) = &self.ca {
            builder = builder.ca_pem(read(file)?);
        }
        if let Some(file) = &self.cert {
            let pem = String::from_utf8(read(file)?)
                .map_err(|_| Failure::usage(format!("{} is no PEM file", file.display())))?;
            builder = builder.identity_pem(&pem);
        }
        if let Some(context) = &self.context {
            let context = Context::parse(context)
                .map_err(|error| Failure::usage(format!("the context {context}: {error}")))?;
            builder = builder.context(context);
        }
        Ok(builder.build()?)
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

/// Runs what asks over the network to its end.
pub(super) fn block_on<F: Future>(future: F) -> Result<F::Output, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::outside(format!("no async runtime: {error}")))?;
    Ok(runtime.block_on(future))
}
