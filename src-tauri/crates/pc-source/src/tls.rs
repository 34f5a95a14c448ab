//! Whose certificates count. One crypto provider, ring, is named wherever rustls would choose one. Deliberately absent: client
//! certificates.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use pc_base::{Code, CodedExt as _, coded};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Certificates of the issuers that are trusted: those of the file, else those of the system. Those that rustls cannot use are
/// left out.
pub(crate) fn issuers(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>> {
    let found = match ca {
        Some(path) => from_file(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let usable: Vec<_> = found.into_iter().filter(|der| RootCertStore::empty().add(der.clone()).is_ok()).collect();
    match ca {
        Some(path) if usable.is_empty() => Err(no_certificate(path).into()),
        _ => Ok(usable),
    }
}

fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = std::fs::read(path).code(|| coded(Code::FileUnreadable).with("path", path.display()))?;
    CertificateDer::pem_slice_iter(&bytes).collect::<Result<_, _>>().code(|| no_certificate(path))
}

fn no_certificate(path: &Path) -> pc_base::Coded {
    coded(Code::SourceAuthorityInvalid).with("path", path.display())
}

/// For connections whose certificate must speak for the host.
pub(crate) fn verified(ca: Option<&Path>) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(issuers(ca)?);
    Ok(Arc::new(builder()?.with_root_certificates(roots).with_no_client_auth()))
}

/// For connections that are only encrypted.
pub(crate) fn unverified() -> Result<Arc<ClientConfig>> {
    let anybody = Arc::new(Anybody(Arc::new(ring::default_provider())));
    let builder = builder()?.dangerous().with_custom_certificate_verifier(anybody);
    Ok(Arc::new(builder.with_no_client_auth()))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?)
}

/// Accepts every certificate, but not a signature that its key did not make.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
