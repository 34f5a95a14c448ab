//! Verification of ACS3-HMAC-SHA256 as section 5.3 of the reference describes it. Deliberately absent: signing, and
//! whether a nonce was used before (a table's matter).

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The parts of an `Authorization` header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub access_key_id: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// The parts of a request that are signed.
pub(crate) struct Signed<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a BTreeMap<String, String>,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Headers without whose signature a request could be changed.
const NEEDED: &[&str] =
    &["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"];

impl Claim {
    /// Reads the header; nothing when it is not of this scheme or leaves a needed header unsigned.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("authorization")?.to_str().ok()?.strip_prefix("ACS3-HMAC-SHA256")?;
        let mut parts: BTreeMap<&str, &str> = text.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let signed_headers: Vec<String> = parts.remove("SignedHeaders")?.split(';').map(str::to_lowercase).collect();
        let complete = NEEDED.iter().all(|name| signed_headers.iter().any(|signed| signed == name));
        let claim = Self {
            access_key_id: parts.remove("Credential")?.to_owned(),
            signed_headers,
            signature: parts.remove("Signature")?.to_lowercase(),
        };
        complete.then_some(claim)
    }

    /// Whether the signature is this secret's over this request.
    pub(crate) fn fits(&self, secret: &str, request: &Signed<'_>) -> bool {
        let Some(canonical) = self.canonical(request) else { return false };
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", hex::encode(Sha256::digest(canonical)));
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(to_sign.as_bytes());
        let expected = hex::encode(mac.finalize().into_bytes());
        expected.as_bytes().ct_eq(self.signature.as_bytes()).into()
    }

    fn canonical(&self, request: &Signed<'_>) -> Option<String> {
        let hash = hex::encode(Sha256::digest(request.body));
        if request.headers.get("x-acs-content-sha256")?.as_bytes() != hash.as_bytes() {
            return None;
        }
        let mut names = self.signed_headers.clone();
        names.sort();
        let mut headers = String::new();
        for name in &names {
            let value = request.headers.get(name)?.to_str().ok()?;
            headers.push_str(&format!("{name}:{}\n", value.trim()));
        }
        let query: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let (method, path, list) = (request.method, request.path, names.join(";"));
        Some(format!("{method}\n{path}\n{}\n{headers}\n{list}\n{hash}", query.join("&")))
    }
}

/// RFC 3986: everything but letters, digits and `-_.~`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const LIST: &str = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";

    #[test]
    fn the_recorded_vectors_fit_and_a_changed_request_does_not() {
        let signature = "5ee4f9ea6cc69092e6767a592cee41aeb21dd5f7b302f0b199be1c0346be914e";
        let authorization = format!("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders={LIST},Signature={signature}");
        let headers = headers(&[
            ("host", "business.aliyuncs.com"),
            ("x-acs-action", "DescribeInstanceBill"),
            ("x-acs-version", "2017-12-14"),
            ("x-acs-date", "2026-11-23T08:00:00Z"),
            ("x-acs-signature-nonce", "0123456789abcdef0123456789abcdef"),
            ("x-acs-content-sha256", EMPTY),
            ("authorization", &authorization),
        ]);
        let mut query: BTreeMap<String, String> = [
            ("BillingCycle", "2026-11"),
            ("BillingDate", "2026-11-22"),
            ("Granularity", "DAILY"),
            ("IsBillingItem", "true"),
            ("MaxResults", "300"),
            ("ProductCode", "sfm"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let claim = Claim::read(&headers).unwrap();
        assert_eq!(claim.access_key_id, "testid");
        let fits = |query: &_, body, secret| {
            claim.fits(secret, &Signed { method: "POST", path: "/", query, headers: &headers, body })
        };
        assert!(fits(&query, b"", "testsecret"), "the vendor's own function made this signature");
        assert!(!fits(&query, b"", "other"), "another secret");
        assert!(!fits(&query, b"x", "testsecret"), "another body");
        query.insert("MaxResults".into(), "1".into());
        assert!(!fits(&query, b"", "testsecret"), "another parameter");
    }

    #[test]
    fn the_published_sample_fits() {
        let signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
        let authorization =
            format!("ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders={LIST},Signature={signature}");
        let headers = headers(&[
            ("host", "ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", "RunInstances"),
            ("x-acs-version", "2014-05-26"),
            ("x-acs-date", "2023-10-26T10:22:32Z"),
            ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
            ("x-acs-content-sha256", EMPTY),
            ("authorization", &authorization),
        ]);
        let query: BTreeMap<String, String> =
            [("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"), ("RegionId", "cn-shanghai")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let request = Signed { method: "POST", path: "/", query: &query, headers: &headers, body: b"" };
        assert!(Claim::read(&headers).unwrap().fits("YourAccessKeySecret", &request));
    }

    #[test]
    fn a_claim_that_leaves_a_needed_header_unsigned_is_none() {
        let authorization = "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host;x-acs-date,Signature=b";
        assert_eq!(Claim::read(&headers(&[("authorization", authorization)])), None);
        assert_eq!(Claim::read(&HeaderMap::new()), None);
    }
}
