//! TLS: rustls with ring, the system's authorities or given ones, and a client certificate if wanted.

use super::error::ClientError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::sync::Arc;

/// The configuration. `ca` takes the place of the system's authorities; `identity` is a chain of certificates and
/// its private key, both PEM. Where TLS is not needed, the system's authorities are not looked for: there may be
/// none, and reading them takes time.
pub(super) fn config(
    ca: Option<&[u8]>,
    identity: Option<&[u8]>,
    needed: bool,
) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::invalid(format!("TLS: {error}")))?;
    let builder = match ca {
        None if !needed => builder.with_root_certificates(RootCertStore::empty()),
        None => builder
            .with_platform_verifier()
            .map_err(|error| ClientError::invalid(format!("the system's authorities: {error}")))?,
        Some(pem) => builder.with_root_certificates(roots(pem)?),
    };
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(pem) => {
            let chain = certificates(pem, "the client certificate")?;
            // What is wrong is not repeated: it might quote the key.
            let key = PrivateKeyDer::from_pem_slice(pem)
                .map_err(|_| ClientError::invalid("the client's private key cannot be read"))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| ClientError::invalid(format!("the client certificate: {error}")))
        }
    }
}

fn roots(pem: &[u8]) -> Result<RootCertStore, ClientError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem, "the authorities")? {
        store
            .add(certificate)
            .map_err(|error| ClientError::invalid(format!("the authorities: {error}")))?;
    }
    Ok(store)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| ClientError::invalid(format!("{what}: {error}")))?;
    if found.is_empty() {
        return Err(ClientError::invalid(format!(
            "{what}: the PEM holds no certificate"
        )));
    }
    Ok(found)
}
