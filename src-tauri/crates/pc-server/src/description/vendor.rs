//! The vendor's OpenAPI: every request is signed, and its parameters are in the query or a form.

use pc_protocol::studio::{
    CostOverview, CostTrend, ModelLimits, ModelPermissions, Nothing, OneKey, OneWorkspace, StudioAnswer, StudioData,
    StudioKeys, StudioModels, StudioWorkspaces, WorkspaceDeleted,
};
use serde_json::Value;

use super::operation::{
    Answer,
    Api::{Account, Vendor},
    Kind, Operation, Parameter, of, plain,
};

const LIST: &[Parameter] = &[Parameter("maxResults", Kind::Whole(1, 100)), Parameter("nextToken", Kind::Text)];
const COSTS: &[Parameter] = &[
    Parameter("billMonth", Kind::Text),
    Parameter("groupBy", Kind::Text),
    Parameter("filter", Kind::Text),
    Parameter("topNum", Kind::Whole(1, 20)),
    Parameter("zeroFilter", Kind::Flag),
    Parameter("locale", Kind::Word(&["en-US", "zh-CN"])),
    Parameter("regionId", Kind::Text),
];
const TREND: &[Parameter] = &[
    Parameter("granularity", Kind::Word(&["DAY", "MONTH"])),
    Parameter("timePeriod", Kind::Text),
    Parameter("groupBy", Kind::Text),
    Parameter("filter", Kind::Text),
    Parameter("topNum", Kind::Whole(1, 20)),
    Parameter("zeroFilter", Kind::Flag),
    Parameter("locale", Kind::Word(&["en-US", "zh-CN"])),
    Parameter("regionId", Kind::Text),
];

pub(super) const OPERATIONS: &[Operation] = &[
    plain(
        Account,
        "post",
        "/api/v1/extensions/account",
        "Keys, workspaces and rotation; the action is in x-acs-action",
        Answer::Json(of::<Value>),
    ),
    plain(Vendor, "post", "/", "Bills (BSS 2017-12-14); the action is in x-acs-action", Answer::Json(of::<Value>)),
    plain(
        Vendor,
        "get",
        "/modelstudio/billing/overview",
        "Costs of a month",
        Answer::Json(of::<StudioAnswer<StudioData<CostOverview>>>),
    )
    .query(COSTS),
    plain(
        Vendor,
        "get",
        "/modelstudio/billing/trend",
        "Costs over time",
        Answer::Json(of::<StudioAnswer<StudioData<CostTrend>>>),
    )
    .query(TREND),
    plain(Vendor, "get", "/modelstudio/apikeys", "API keys", Answer::Json(of::<StudioAnswer<StudioKeys>>)).query(LIST),
    plain(
        Vendor,
        "post",
        "/modelstudio/apikeys",
        "Make a key, whose value is shown once",
        Answer::Json(of::<StudioAnswer<OneKey>>),
    ),
    plain(Vendor, "get", "/modelstudio/apikeys/{id}", "A key", Answer::Json(of::<StudioAnswer<OneKey>>)),
    plain(
        Vendor,
        "put",
        "/modelstudio/apikeys/{id}",
        "Change its description or scope",
        Answer::Json(of::<StudioAnswer<Nothing>>),
    ),
    plain(Vendor, "delete", "/modelstudio/apikeys/{id}", "Revoke it", Answer::Json(of::<StudioAnswer<Nothing>>)),
    plain(
        Vendor,
        "put",
        "/modelstudio/apikeys/{id}/enable",
        "Let it in again",
        Answer::Json(of::<StudioAnswer<Nothing>>),
    ),
    plain(Vendor, "put", "/modelstudio/apikeys/{id}/disable", "Keep it out", Answer::Json(of::<StudioAnswer<Nothing>>)),
    plain(
        Vendor,
        "put",
        "/modelstudio/apikeys/{id}/reset",
        "Give it another value",
        Answer::Json(of::<StudioAnswer<OneKey>>),
    ),
    plain(Vendor, "get", "/modelstudio/workspaces", "Workspaces", Answer::Json(of::<StudioAnswer<StudioWorkspaces>>))
        .query(LIST),
    plain(Vendor, "post", "/modelstudio/workspaces", "Make one", Answer::Json(of::<StudioAnswer<OneWorkspace>>)),
    plain(
        Vendor,
        "delete",
        "/modelstudio/workspaces/{id}",
        "Remove an empty one",
        Answer::Json(of::<StudioAnswer<WorkspaceDeleted>>),
    ),
    plain(
        Vendor,
        "get",
        "/modelstudio/models",
        "Base models with their prices",
        Answer::Json(of::<StudioAnswer<StudioModels>>),
    )
    .query(LIST),
    plain(
        Vendor,
        "get",
        "/modelstudio/models/limits",
        "How often a workspace may call a model",
        Answer::Json(of::<StudioAnswer<ModelLimits>>),
    )
    .query(LIST),
    plain(Vendor, "post", "/modelstudio/models/limits", "Limit it", Answer::Json(of::<StudioAnswer<Nothing>>)),
    plain(
        Vendor,
        "get",
        "/modelstudio/models/permissions",
        "What a workspace may do with a model",
        Answer::Json(of::<StudioAnswer<ModelPermissions>>),
    )
    .query(LIST),
    plain(Vendor, "post", "/modelstudio/models/permissions", "Permit it", Answer::Json(of::<StudioAnswer<Nothing>>)),
];
