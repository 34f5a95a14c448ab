//! Accounts: an AccessKey sees the workspaces, keys and bills of its own account, and nothing of another's.

mod common;

use common::{Call, Cloud};
use pc_server::Credentials;
use serde_json::{Value, json};

const STUDIO: &str = "2026-02-10";
const GENERATION: &str = "/api/v1/services/aigc/text-generation/generation";

async fn studio(
    cloud: &Cloud,
    keys: &Credentials,
    method: &str,
    path: &str,
    action: &str,
    query: &str,
) -> (u16, Value) {
    let path = format!("/modelstudio/{path}");
    let call = Call { keys, method, path: &path, version: STUDIO, action, query };
    let (status, answer) = cloud.signed(call).await;
    (status.as_u16(), answer)
}

async fn bss(cloud: &Cloud, keys: &Credentials, action: &str, query: &str) -> Value {
    let call = Call { keys, method: "POST", path: "/", version: "2017-12-14", action, query };
    let (status, answer) = cloud.signed(call).await;
    assert_eq!(status, 200, "{answer}");
    answer["Data"].clone()
}

/// A second account's keys.
fn stranger(cloud: &Cloud) -> Credentials {
    let workspace = cloud.state.workspace_add("elsewhere").unwrap();
    cloud.state.credentials_of(&workspace, None).unwrap()
}

#[tokio::test]
async fn another_account_can_neither_see_nor_change_nor_guess() {
    let cloud = Cloud::new();
    let (own, other) = (&cloud.keys, stranger(&cloud));
    let (status, made) = studio(&cloud, own, "POST", "apikeys", "CreateApiKey", "description=desk").await;
    assert_eq!(status, 200, "{made}");
    let id = made["apiKey"]["apiKeyId"].to_string();
    cloud.call("POST", GENERATION, json!({"model": "tiny", "input": {"prompt": "hi"}})).await;

    for (method, path, action) in [
        ("GET", format!("apikeys/{id}"), "GetApiKey"),
        ("PUT", format!("apikeys/{id}"), "UpdateApiKey"),
        ("PUT", format!("apikeys/{id}/enable"), "EnableApiKey"),
        ("PUT", format!("apikeys/{id}/disable"), "DisableApiKey"),
        ("PUT", format!("apikeys/{id}/reset"), "ResetApiKey"),
        ("DELETE", format!("apikeys/{id}"), "DeleteApiKey"),
        ("DELETE", format!("workspaces/{}", own.workspace), "DeleteWorkspace"),
    ] {
        let never = path.replace(&id, "987654").replace(&own.workspace, "llm-nobody");
        let (status, mut theirs) = studio(&cloud, &other, method, &path, action, "").await;
        let (_, mut nobodys) = studio(&cloud, &other, method, &never, action, "").await;
        assert_eq!(status, 404, "{method} {path}: {theirs}");
        for answer in [&mut theirs, &mut nobodys] {
            answer["RequestId"] = json!("");
        }
        assert_eq!(theirs, nobodys, "{method} {path}");
    }
    let query = format!("workspaceId={}", own.workspace);
    let (_, refused) = studio(&cloud, &other, "POST", "apikeys", "CreateApiKey", &query).await;
    assert_eq!(refused["Code"], "WorkSpaceNotFound");
    let (_, listed) = studio(&cloud, &other, "GET", "apikeys", "ListApiKeys", &query).await;
    assert_eq!(listed["totalCount"], 0);
    let (_, listed) = studio(&cloud, &other, "GET", "workspaces", "ListWorkspaces", "").await;
    assert_eq!(listed["totalCount"], 1);

    assert_ne!(bss(&cloud, own, "DescribeInstanceBill", "BillingCycle=2026-11").await["TotalCount"], 0);
    assert_eq!(bss(&cloud, &other, "DescribeInstanceBill", "BillingCycle=2026-11").await["TotalCount"], 0);
    let (_, costs) = studio(&cloud, &other, "GET", "billing/overview", "GetBillingOverview", "billMonth=2026-11").await;
    assert_eq!(costs["data"]["totalAmount"], "0");
    // A page's token is of its account, too.
    let page = bss(&cloud, own, "DescribeInstanceBill", "BillingCycle=2026-11&MaxResults=1").await;
    let query = format!("BillingCycle=2026-11&MaxResults=1&NextToken={}", page["NextToken"].as_str().unwrap());
    let call = Call {
        keys: &other,
        method: "POST",
        path: "/",
        version: "2017-12-14",
        action: "DescribeInstanceBill",
        query: &query,
    };
    assert_eq!(cloud.signed(call).await.1["Code"], "InvalidParameter");
}

#[tokio::test]
async fn workspaces_of_one_account_share_a_bill_and_nothing_else() {
    let cloud = Cloud::new();
    let keys = &cloud.keys;
    let (_, made) = studio(&cloud, keys, "POST", "workspaces", "CreateWorkspace", "workspaceName=desk").await;
    let desk = made["workspace"]["workspaceId"].as_str().unwrap().to_owned();
    let (_, made) = studio(&cloud, keys, "POST", "apikeys", "CreateApiKey", &format!("workspaceId={desk}")).await;
    let key = made["apiKey"]["apiKeyValue"].as_str().unwrap().to_owned();
    let file = cloud.dataset().await;
    let (_, gone) = cloud.call_as(&key, "GET", &format!("/api/v1/files/{file}"), Value::Null).await;
    assert_eq!(gone["message"], "File not found.");
    cloud.call_as(&key, "POST", GENERATION, json!({"model": "tiny", "input": {"prompt": "hi"}})).await;
    cloud.call("POST", GENERATION, json!({"model": "tiny", "input": {"prompt": "hi"}})).await;
    let query = "billMonth=2026-11&groupBy=%5B%7B%22code%22%3A%22WORKSPACE_ID%22%7D%5D";
    let (_, costs) = studio(&cloud, keys, "GET", "billing/overview", "GetBillingOverview", query).await;
    let names: Vec<&str> =
        costs["data"]["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"desk") && names.contains(&"default"), "{costs}");
    let (_, kept) = studio(&cloud, keys, "DELETE", &format!("workspaces/{desk}"), "DeleteWorkspace", "").await;
    assert_eq!(kept["isDeleted"], true, "what was used is on the bill and holds nobody up");
    let (status, _) = cloud.call_as(&key, "GET", "/api/v1/files", Value::Null).await;
    assert_eq!(status, 401, "its keys are gone with it");
    let (_, costs) = studio(&cloud, keys, "GET", "billing/overview", "GetBillingOverview", query).await;
    assert_eq!(costs["data"]["groups"].as_array().unwrap().len(), 2, "the bill keeps what was used");
}

#[tokio::test]
async fn a_workspace_that_holds_something_stays() {
    let cloud = Cloud::new();
    let keys = &cloud.keys;
    let (_, made) = studio(&cloud, keys, "POST", "workspaces", "CreateWorkspace", "workspaceName=desk").await;
    let desk = made["workspace"]["workspaceId"].as_str().unwrap().to_owned();
    let (_, made) = studio(&cloud, keys, "POST", "apikeys", "CreateApiKey", &format!("workspaceId={desk}")).await;
    let key = made["apiKey"]["apiKeyValue"].as_str().unwrap();
    cloud.upload_as(key, "/api/v1/files", "files", "a.jsonl", &common::rows()).await;
    let path = format!("workspaces/{desk}");
    let (status, kept) = studio(&cloud, keys, "DELETE", &path, "DeleteWorkspace", "").await;
    assert_eq!((status, &kept["isDeleted"]), (200, &json!(false)));
    assert_eq!(kept["failReasons"][0]["resourceType"], "files");
    let (status, refused) = studio(&cloud, keys, "POST", "workspaces", "ListWorkspaces", "").await;
    assert_eq!((status, &refused["Code"]), (404, &json!("InvalidAction.NotFound")), "an action at another's address");
}

#[tokio::test]
async fn the_documented_profile_holds_the_billing_api_to_its_quotas() {
    let dir = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let cloud = Cloud::open(dir, common::SmallEngine::default(), pc_server::Profile::model_studio());
    for _ in 0..10 {
        bss(&cloud, &cloud.keys, "QueryAccountBalance", "").await;
    }
    let call = |action: &'static str, query: &'static str| Call {
        keys: &cloud.keys,
        method: "POST",
        path: "/",
        version: "2017-12-14",
        action,
        query,
    };
    let (status, refused) = cloud.signed(call("QueryAccountBalance", "")).await;
    assert_eq!((status.as_u16(), &refused["Code"]), (429, &json!("Throttling.User")));
    assert_eq!(cloud.signed(call("QueryBillOverview", "BillingCycle=2026-11")).await.0, 200, "others are not held up");
    cloud.clock.advance(jiff::SignedDuration::from_secs(1));
    bss(&cloud, &cloud.keys, "QueryAccountBalance", "").await;
}

/// Sets something by a form in the query, which is read like one in the body.
async fn set(cloud: &Cloud, path: &str, action: &str, query: &str) -> u16 {
    studio(cloud, &cloud.keys, "POST", path, action, query).await.0
}

#[tokio::test]
async fn an_account_limits_and_permits_by_workspace_and_model() {
    let cloud = Cloud::new();
    let id = cloud.keys.workspace.clone();
    let ask = async || {
        let body = json!({"model": "tiny", "input": {"prompt": "hi"}});
        let (status, answer) = cloud.call("POST", GENERATION, body).await;
        (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let limits = "%5B%7B%22model%22%3A%22tiny%22%2C%22requestLimit%22%3A1%2C%22requestLimitPeriod%22%3A10%7D%5D";
    let query = format!("workspaceId={id}&workspaceLimits={limits}");
    assert_eq!(set(&cloud, "models/limits", "UpdateModelLimits", &query).await, 200);
    assert_eq!(ask().await.0, 200);
    assert_eq!(ask().await, (429, "Throttling.RateQuota".to_owned()));
    cloud.clock.advance(jiff::SignedDuration::from_secs(10));
    assert_eq!(ask().await.0, 200, "ten seconds later");
    let (_, listed) = studio(&cloud, &cloud.keys, "GET", "models/limits", "ListModelLimits", "").await;
    assert_eq!(listed["limits"][0]["workspaceLimit"]["requestLimit"], 1);
    let gone = "%5B%7B%22model%22%3A%22tiny%22%2C%22operationType%22%3A%22DELETE%22%7D%5D";
    let query = format!("workspaceId={id}&workspaceLimits={gone}");
    assert_eq!(set(&cloud, "models/limits", "UpdateModelLimits", &query).await, 200);
    assert_eq!((ask().await.0, ask().await.0), (200, 200));
    for bad in ["%5B%7B%22model%22%3A%22none%22%7D%5D", "%5B%7B%22model%22%3A%22tiny%22%2C%22requestLimit%22%3A0%7D%5D"]
    {
        let query = format!("workspaceId={id}&workspaceLimits={bad}");
        assert_eq!(set(&cloud, "models/limits", "UpdateModelLimits", &query).await, 400);
    }

    let grant = async |query: &str| {
        assert_eq!(set(&cloud, "models/permissions", "UpdateModelPermissions", query).await, 200, "{query}");
    };
    grant(&format!("accessAllEntities=CLOSE&workspaceId={id}")).await;
    assert_eq!(ask().await, (403, "Model.AccessDenied".to_owned()));
    let file = cloud.dataset().await;
    let tune = json!({"model": "tiny", "training_file_ids": [file], "training_type": "efficient_sft",
        "hyper_parameters": {"n_epochs": 1, "batch_size": 8, "max_length": 512}});
    assert_eq!(cloud.call("POST", "/api/v1/fine-tunes", tune).await.1["code"], "Model.AccessDenied");
    let deploy = json!({"model_name": "tiny", "plan": "mu", "suffix": "a"});
    assert_eq!(cloud.call("POST", "/api/v1/deployments", deploy.clone()).await.1["code"], "Model.AccessDenied");
    let grants = "models.1.deploy=False&models.1.inference=True&models.1.model=tiny";
    grant(&format!("accessAllEntities=KEEP&{grants}&workspaceId={id}")).await;
    assert_eq!(ask().await.0, 200, "one model, one use");
    assert_eq!(cloud.call("POST", "/api/v1/deployments", deploy.clone()).await.0, 403);
    let query = format!("authorizationScope=AUTHORIZED&modelAction=INFERENCE&workspaceId={id}");
    let (_, listed) = studio(&cloud, &cloud.keys, "GET", "models/permissions", "ListModelPermissions", &query).await;
    assert_eq!(listed["list"][0]["permissions"], json!({"inference": true, "fineTune": false, "deploy": false}));
    grant(&format!("accessAllEntities=OPEN&workspaceId={id}")).await;
    assert_eq!(cloud.call("POST", "/api/v1/deployments", deploy).await.0, 200);
    let other = stranger(&cloud);
    let (status, refused) =
        studio(&cloud, &other, "POST", "models/permissions", "UpdateModelPermissions", &format!("workspaceId={id}"))
            .await;
    assert_eq!((status, &refused["Code"]), (404, &json!("WorkSpaceNotFound")));
}
