//! Error bodies in each of their shapes, and one reading of all of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lenient;

/// Native: `{"request_id", "code", "message"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NativeErrorBody {
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
}

/// OpenAI-compatible: `{"error": {…}}`, with the request's id beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleErrorBody {
    pub error: CompatibleError,
    #[serde(default, deserialize_with = "lenient::maybe_text", skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The inner object of [`CompatibleErrorBody`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CompatibleError {
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: String,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub param: Option<String>,
    #[serde(default, deserialize_with = "lenient::maybe_text")]
    pub code: Option<String>,
}

/// RPC style (billing): `{"RequestId", "HostId", "Code", "Message", "Recommend"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub struct RpcErrorBody {
    #[serde(default, deserialize_with = "lenient::text")]
    pub request_id: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub host_id: String,
    #[serde(deserialize_with = "lenient::text")]
    pub code: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub message: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub recommend: String,
}

/// What any of the shapes says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorText {
    /// The cloud's own code, such as `InvalidParameter` or `invalid_api_key`; empty where it gave none.
    pub code: String,
    pub message: String,
    /// Nothing where the body does not name the request.
    pub request_id: Option<String>,
}

impl ErrorText {
    /// Reads a body; nothing when it is an error in none of the shapes, such as a proxy's page. An answer that was
    /// successful has no `code`, so this tells a success from an error that came with status 200 too.
    pub fn read(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| scalar(&value[name]);
        if let Some(error) = value.get("error").filter(|error| error.is_object()) {
            let code = scalar(&error["code"]).or_else(|| scalar(&error["type"])).unwrap_or_default();
            let message = scalar(&error["message"]).unwrap_or_else(|| code.clone());
            return Some(Self { code, message, request_id: text("request_id") });
        }
        let (code, message) = match (text("code"), text("Code")) {
            (Some(code), _) => (code, text("message")),
            (None, Some(code)) => (code, text("Message")),
            (None, None) => return None,
        };
        let request_id = text("request_id").or_else(|| text("RequestId")).or_else(|| text("requestId"));
        // The envelopes of the billing APIs have a code on success too.
        let good = ["Success", "success", "200", "OK"].contains(&code.as_str());
        let failed = value["Success"] == false || value["success"] == false;
        (!good || failed).then(|| Self { message: message.unwrap_or_else(|| code.clone()), code, request_id })
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_says_code_message_and_request() {
        for (body, code, message, request) in [
            (r#"{"request_id":"r","code":"InvalidParameter","message":"m"}"#, "InvalidParameter", "m", Some("r")),
            (
                r#"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
                "invalid_api_key",
                "m",
                None,
            ),
            (
                r#"{"error":{"message":"m","type":"server_error","code":null},"request_id":"r"}"#,
                "server_error",
                "m",
                Some("r"),
            ),
            (
                r#"{"RequestId":"r","HostId":"h","Code":"SignatureDoesNotMatch","Message":"m"}"#,
                "SignatureDoesNotMatch",
                "m",
                Some("r"),
            ),
            (
                r#"{"Code":"NotApplicable","Success":false,"RequestId":"r","Message":"m"}"#,
                "NotApplicable",
                "m",
                Some("r"),
            ),
            (r#"{"code":"Forbidden","success":false,"requestId":"r"}"#, "Forbidden", "Forbidden", Some("r")),
        ] {
            let request_id = request.map(str::to_owned);
            let expected = ErrorText { code: code.into(), message: message.into(), request_id };
            assert_eq!(ErrorText::read(body.as_bytes()), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_success_or_a_page_is_no_error() {
        for body in [
            r#"{"request_id":"r","output":{}}"#,
            r#"{"request_id":"r","code":"","output":{}}"#,
            r#"{"Code":"Success","Success":true,"Data":{}}"#,
            "<html>502</html>",
            "",
            "[]",
            "null",
        ] {
            assert_eq!(ErrorText::read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn bodies_are_written_as_they_are_documented() {
        let error = CompatibleError { message: "m".into(), kind: "t".into(), param: None, code: Some("c".into()) };
        let body = CompatibleErrorBody { error, request_id: None };
        let text = r#"{"error":{"message":"m","type":"t","param":null,"code":"c"}}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
        let text = r#"{"RequestId":"r","HostId":"h","Code":"c","Message":"m","Recommend":""}"#;
        let body: RpcErrorBody = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&body).unwrap(), text);
    }
}
