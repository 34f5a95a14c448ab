//! Verification of a signed request: what of it was signed, brought into the canonical form of `pc_protocol::acs3`.
//! Deliberately absent: that form itself, and whether a nonce was used before (a table's matter).

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use pc_protocol::acs3::{Authorization, Request, canonical_request, payload_hash, signature};
use subtle::ConstantTimeEq as _;

/// The parts of a request that are signed.
pub(crate) struct Signed<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a BTreeMap<String, String>,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// The claim that a request makes; nothing when it is not of this scheme or leaves a needed header unsigned.
pub(crate) fn claim_of(headers: &HeaderMap) -> Option<Authorization> {
    Authorization::read(headers.get("authorization")?.to_str().ok()?)
}

/// Whether the claim's signature is this secret's over this request.
pub(crate) fn fits(claim: &Authorization, secret: &str, request: &Signed<'_>) -> bool {
    let hash = payload_hash(request.body);
    let sent = |name: &str| request.headers.get(name)?.to_str().ok().map(str::to_owned);
    if sent("x-acs-content-sha256").as_ref() != Some(&hash) {
        return false;
    }
    // What the scheme speaks about must be signed wherever it is sent, or it could be added on the way; the type of a body
    // only where there is one, because some HTTP libraries add it to none.
    let spoken = request.headers.keys().map(axum::http::HeaderName::as_str);
    let typed = !request.body.is_empty();
    let mut spoken = spoken.filter(|name| name.starts_with("x-acs-") || (typed && *name == "content-type"));
    if !spoken.all(|name| claim.signed_headers.iter().any(|signed| signed == name)) {
        return false;
    }
    let named = claim.signed_headers.iter().map(|name| Some((name.clone(), sent(name)?)));
    let Some(headers) = named.collect::<Option<BTreeMap<_, _>>>() else { return false };
    let canonical = canonical_request(&Request {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: &headers,
        payload_hash: &hash,
    });
    signature(secret, &canonical).as_bytes().ct_eq(claim.signature.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_vendors_own_signature_fits_and_a_changed_request_does_not() {
        let list = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
        let signature = "5ee4f9ea6cc69092e6767a592cee41aeb21dd5f7b302f0b199be1c0346be914e";
        let authorization = format!("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders={list},Signature={signature}");
        let mut headers = headers(&[
            ("host", "business.aliyuncs.com"),
            ("x-acs-action", "DescribeInstanceBill"),
            ("x-acs-version", "2017-12-14"),
            ("x-acs-date", "2026-11-23T08:00:00Z"),
            ("x-acs-signature-nonce", "0123456789abcdef0123456789abcdef"),
            ("x-acs-content-sha256", &payload_hash(b"")),
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
        let claim = claim_of(&headers).unwrap();
        assert_eq!(claim.access_key_id, "testid");
        let holds = |query: &_, headers: &_, body, secret| {
            fits(&claim, secret, &Signed { method: "POST", path: "/", query, headers, body })
        };
        assert!(holds(&query, &headers, b"", "testsecret"));
        assert!(!holds(&query, &headers, b"", "other"), "another secret");
        assert!(!holds(&query, &headers, b"x", "testsecret"), "another body");
        query.insert("MaxResults".into(), "1".into());
        assert!(!holds(&query, &headers, b"", "testsecret"), "another parameter");
        query.insert("MaxResults".into(), "300".into());
        headers.insert("x-acs-action", "QueryAccountBalance".parse().unwrap());
        assert!(!holds(&query, &headers, b"", "testsecret"), "another header");
        headers.insert("x-acs-action", "DescribeInstanceBill".parse().unwrap());
        query.insert("MaxResults".into(), "300".into());
        assert!(holds(&query, &headers, b"", "testsecret"));
        headers.insert("x-acs-security-token", "t".parse().unwrap());
        assert!(!holds(&query, &headers, b"", "testsecret"), "a header that was added and not signed");
        headers.remove("x-acs-security-token");
        headers.remove("x-acs-date");
        assert!(!holds(&query, &headers, b"", "testsecret"), "a signed header that was not sent");
    }
}
