//! TLS to the database, by rustls on ring.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::CaFile;
use super::settings::Mode;

/// How to start TLS: with `verify-full` against these certificates, else encrypted without a check, as libpq's `require`
/// and `prefer` mean it. Where the mode is plain the driver never asks for it; one connector for all modes spares every
/// program a second copy of the driver's way to a connection.
pub(super) fn connector(mode: Mode, ca: Option<&CaFile>) -> MakeRustlsConnect {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring offers the default versions");
    let config = if mode == Mode::VerifyFull {
        let mut roots = RootCertStore::empty();
        for certificate in ca.iter().flat_map(|file| file.0.iter()) {
            // What is no usable root verifies nothing, so the handshake fails.
            let _ = roots.add(certificate.clone());
        }
        builder.with_root_certificates(roots).with_no_client_auth()
    } else {
        let unverified = Arc::new(Unverified(provider));
        builder.dangerous().with_custom_certificate_verifier(unverified).with_no_client_auth()
    };
    MakeRustlsConnect::new(config)
}

/// Takes any certificate, but wants its key used.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
