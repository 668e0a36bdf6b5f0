//! The client over TLS: whom it trusts, and how it shows who it is.

use accord::client::{ClientBuilder, ClientError, RegistryClient, Tuning};
use accord::model::SchemaId;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority that was made for one test.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    fn issue(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate, key)
    }

    /// A client's chain and key in one PEM.
    fn identity(&self) -> String {
        let (certificate, key) = self.issue("producer", ExtendedKeyUsagePurpose::ClientAuth);
        format!("{}{}", certificate.pem(), key.serialize_pem())
    }

    /// A registry that knows one schema and lets in whom this authority vouches for. Gives its URL.
    async fn registry(&self) -> String {
        let (certificate, key) = self.issue("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
                .build()
                .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut head = Vec::new();
                let mut part = [0; 1_024];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut part).await {
                        Ok(n) if n > 0 => head.extend_from_slice(&part[..n]),
                        _ => break,
                    }
                }
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{\"schema\": \"{}\"}";
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        url
    }
}

fn builder(url: &str) -> ClientBuilder {
    RegistryClient::builder(url).tuning(Tuning {
        retries: 0,
        ..Tuning::default()
    })
}

async fn ask(client: &RegistryClient) -> Result<(), ClientError> {
    client.schema_by_id(SchemaId(1), None).await.map(|_| ())
}

#[tokio::test]
async fn a_given_authority_and_a_client_certificate() {
    let authority = Authority::new();
    let url = authority.registry().await;
    let client = builder(&url)
        .ca_pem(authority.pem.as_str())
        .identity_pem(&authority.identity())
        .build()
        .unwrap();
    ask(&client).await.unwrap();
}

#[tokio::test]
async fn who_shows_nothing_or_something_else_is_not_let_in() {
    let authority = Authority::new();
    let url = authority.registry().await;
    let nobody = builder(&url).ca_pem(authority.pem.as_str());
    let stranger = nobody.clone().identity_pem(&Authority::new().identity());
    for builder in [nobody, stranger] {
        let error = ask(&builder.build().unwrap()).await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_nobody_vouches_for_is_not_trusted() {
    let authority = Authority::new();
    let url = authority.registry().await;
    let client = builder(&url)
        .ca_pem(Authority::new().pem.as_str())
        .identity_pem(&authority.identity())
        .build()
        .unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn bad_pem_is_named_without_its_content() {
    let authority = Authority::new();
    let identity = authority.identity();
    let (chain, _) = identity.split_once("-----BEGIN PRIVATE").unwrap();
    let half: String = identity.chars().take(identity.len() - 60).collect();
    for bad in ["", "s3cret", chain, half.as_str()] {
        let built = builder("https://127.0.0.1:1").identity_pem(bad);
        assert!(!format!("{built:?}").contains("BEGIN"));
        let error = built.ca_pem(authority.pem.as_str()).build().unwrap_err();
        assert!(matches!(error, ClientError::Invalid(_)), "{error}");
        let text = error.to_string();
        assert!(
            !text.contains("s3cret") && !text.contains("BEGIN"),
            "{text}"
        );
    }
    let error = builder("https://127.0.0.1:1")
        .ca_pem("no certificate")
        .build()
        .unwrap_err();
    assert!(matches!(error, ClientError::Invalid(_)), "{error}");
}
