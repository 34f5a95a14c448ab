"""The vendor's own OpenAPI clients (BSS 2017-12-14, ModelStudio 2026-02-10) against the embedded cloud: use, bills by day,
month, item and page, costs, keys, workspaces, models, and every refusal. Ends with 0 when all of it holds."""

import datetime
import json
import os
import time
import urllib.error
import urllib.request
from decimal import Decimal

from alibabacloud_bssopenapi20171214 import models as bss_models
from alibabacloud_bssopenapi20171214.client import Client as Bss
from alibabacloud_modelstudio20260210 import models as studio_models
from alibabacloud_modelstudio20260210.client import Client as Studio
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils import Utils as Signing

ROOT, KEY = os.environ["CLOUD_BASE_URL"], os.environ["CLOUD_API_KEY"]
ID, SECRET = os.environ["CLOUD_ACCESS_KEY_ID"], os.environ["CLOUD_ACCESS_KEY_SECRET"]
MODEL = os.environ["CLOUD_MODEL"]
HOST = ROOT.removeprefix("http://")
# Days and months of the bill are cut in the cloud's zone.
TODAY = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
DAY, MONTH = TODAY.isoformat(), TODAY.isoformat()[:7]


def config(secret=SECRET, key_id=ID):
    return Config(endpoint=HOST, protocol="HTTP", access_key_id=key_id, access_key_secret=secret,
                  read_timeout=60_000, connect_timeout=10_000)


bss, studio = Bss(config()), Studio(config())


def refused(code, call, *args):
    try:
        call(*args)
    except Exception as error:
        assert getattr(error, "code", None) == code, f"{code} was expected, not {error!r}"
        return error
    raise AssertionError(f"{code} was expected, and nothing was raised")


def ask(method, path, body=None, key=KEY):
    """The native API; answers status and document."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(ROOT + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def generate(key=KEY, model=MODEL):
    body = {"model": model, "input": {"prompt": "hi"}, "parameters": {"max_tokens": 3}}
    return ask("POST", "/api/v1/services/aigc/text-generation/generation", body, key)


def money(amount):
    """An amount as the client read it: a float stands for the shortest digits that were sent."""
    return Decimal(str(amount or 0))


def complete(row, *unless):
    missing = [name for name, value in vars(row).items() if value is None and name[0] != "_" and name not in unless]
    assert not missing, f"every declared field is there, and not without {missing}"


def data(answer):
    body = answer.body
    assert (body.code, body.success) == ("Success", True) and body.request_id, body
    return body.data


def describe(**asked):
    asked.setdefault("billing_cycle", MONTH)
    return data(bss.describe_instance_bill(bss_models.DescribeInstanceBillRequest(**asked)))


def pages(size, **asked):
    rows, token = [], None
    while True:
        page = describe(max_results=size, next_token=token, **asked)
        assert len(page.items) <= size
        rows += page.items
        token = page.next_token
        if not token:
            assert len(rows) == page.total_count
            return rows


def bills():
    for _ in range(3):
        status, answer = generate()
        assert status == 200, answer
    balance = data(bss.query_account_balance())
    assert (balance.available_amount, balance.currency) == ("0.00", "CNY"), balance
    daily = pages(300, granularity="DAILY", billing_date=DAY, is_billing_item=True, product_code="sfm")
    assert {row.billing_item_code for row in daily} >= {"input_token", "output_token"}, daily
    total = sum(money(row.pretax_amount) for row in daily)
    for row in daily:
        exact = Decimal(row.usage) * Decimal(row.list_price)
        assert abs(exact - money(row.pretax_amount)) <= Decimal("0.0000005"), row
        assert row.billing_date == DAY and row.product_code == "sfm" and row.subscription_type == "PayAsYouGo"
        assert row.instance_id.split(";")[2] == row.product_detail and row.currency == "CNY"
        complete(row)
    monthly = pages(300, is_billing_item=True)
    assert sum(money(row.pretax_amount) for row in monthly) == total, "a new cloud was used on one day only"
    assert all(row.billing_date is None for row in monthly)
    # One row a page is the same bill in the same order.
    assert [row.instance_id for row in pages(1, is_billing_item=True)] == [row.instance_id for row in monthly]
    by_instance = pages(2)
    assert sum(money(row.pretax_amount) for row in by_instance) == total
    assert all(not row.usage and not row.list_price and not row.billing_item for row in by_instance)
    one = by_instance[0]
    found = describe(instance_id=one.instance_id).items
    assert [row.instance_id for row in found] == [one.instance_id]
    for nothing in ({"product_code": "ecs"}, {"product_type": "x"}, {"pip_code": "ecs"},
                    {"subscription_type": "Subscription"}, {"instance_id": "no;such;one;x;app;0"}):
        assert describe(**nothing).total_count == 0, nothing
    shown = describe(is_hide_zero_charge=True).items
    assert all(money(row.pretax_amount) != 0 for row in shown)

    overview = data(bss.query_bill_overview(bss_models.QueryBillOverviewRequest(billing_cycle=MONTH)))
    assert sum(money(row.pretax_amount) for row in overview.items.item) == total
    assert describe(bill_owner_id=int(overview.account_id)).total_count == len(by_instance)
    older = data(bss.query_instance_bill(bss_models.QueryInstanceBillRequest(
        billing_cycle=MONTH, page_num=1, page_size=300, is_billing_item=True)))
    assert [row.instance_id for row in older.items.item] == [row.instance_id for row in monthly]
    settled = data(bss.query_settle_bill(bss_models.QuerySettleBillRequest(billing_cycle=MONTH)))
    assert sum(money(row.pretax_amount) for row in settled.items.item) == total
    record = settled.items.item[0]
    complete(record)
    complete(overview.items.item[0])
    complete(older.items.item[0], "billing_date")
    again = data(bss.query_settle_bill(bss_models.QuerySettleBillRequest(
        billing_cycle=MONTH, record_id=record.record_id, type="PayAsYouGoBill")))
    assert [row.record_id for row in again.items.item] == [record.record_id]
    refunds = data(bss.query_settle_bill(bss_models.QuerySettleBillRequest(billing_cycle=MONTH, type="Refund")))
    assert refunds.total_count == 0
    return total


def bad_questions():
    ask_bill = lambda **asked: describe(**asked)
    for bad in ("2026-13", "nonsense", "2026", "2026-1", "1999-01", "2999-01"):
        refused("InvalidParameter", lambda: describe(billing_cycle=bad))
    refused("MissingParameter", lambda: data(bss.describe_instance_bill(bss_models.DescribeInstanceBillRequest())))
    refused("MissingParameter", lambda: ask_bill(granularity="DAILY"))
    for bad in ({"granularity": "HOURLY"}, {"granularity": "DAILY", "billing_date": "2026-02-30"},
                {"granularity": "DAILY", "billing_date": "2020-01-01"}, {"billing_date": DAY}, {"max_results": 301},
                {"max_results": 0}, {"next_token": "made-up"}, {"subscription_type": "Sometimes"}):
        refused("InvalidParameter", lambda: ask_bill(**bad))
    token = describe(max_results=1).next_token
    refused("InvalidParameter", lambda: ask_bill(max_results=1, next_token=token, is_billing_item=True))
    refused("InvalidOwner", lambda: ask_bill(bill_owner_id=1))
    refused("InvalidParameter", bss.query_settle_bill,
            bss_models.QuerySettleBillRequest(billing_cycle=MONTH, type="Something"))
    refused("InvalidAction.NotFound", bss.query_orders, bss_models.QueryOrdersRequest())


def signatures():
    refused("SignatureDoesNotMatch", Bss(config(secret="wrong")).query_account_balance)
    refused("InvalidAccessKeyId.NotFound", Bss(config(key_id="LTAInobody")).query_account_balance)
    refused("SignatureDoesNotMatch", Studio(config(secret="wrong")).list_workspaces,
            studio_models.ListWorkspacesRequest())
    now = datetime.datetime.now(datetime.timezone.utc)

    def send(date=now, nonce=None, query="", sent_query=None, leave_out=None, add=None, action="QueryAccountBalance"):
        """A request signed by the client's own function, with one thing at fault."""
        empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        headers = {"host": HOST, "x-acs-action": action, "x-acs-version": "2017-12-14",
                   "x-acs-date": date.strftime("%Y-%m-%dT%H:%M:%SZ"),
                   "x-acs-signature-nonce": nonce or os.urandom(16).hex(), "x-acs-content-sha256": empty}
        from darabonba.request import DaraRequest
        request = DaraRequest()
        request.method, request.pathname = "POST", "/"
        request.query = dict(pair.split("=") for pair in query.split("&") if pair)
        request.headers = {name: value for name, value in headers.items() if name != leave_out}
        authorization = Signing.get_authorization(request, "ACS3-HMAC-SHA256", empty, ID, SECRET)
        sent = dict(headers, authorization=authorization, **(add or {}))
        url = f"{ROOT}/?{query if sent_query is None else sent_query}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, b"", sent, method="POST"), timeout=30) as answer:
                return json.load(answer)["Code"]
        except urllib.error.HTTPError as error:
            said = json.load(error)
            assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= said.keys(), said
            return said["Code"]

    assert send() == "Success"
    assert send(date=now - datetime.timedelta(minutes=16)) == "InvalidTimeStamp.Expired"
    assert send(date=now + datetime.timedelta(minutes=16)) == "InvalidTimeStamp.Expired"
    assert send(nonce="once") == "Success"
    assert send(nonce="once") == "SignatureNonceUsed"
    month = f"BillingCycle={MONTH}"
    assert send(action="QueryBillOverview", query=month) == "Success"
    assert send(action="QueryBillOverview", query=month, sent_query="BillingCycle=2026-01") == "SignatureDoesNotMatch"
    for name in ("x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-action", "host"):
        assert send(leave_out=name) == "SignatureDoesNotMatch", name
    assert send(add={"x-acs-security-token": "added"}) == "SignatureDoesNotMatch"


def costs(total):
    by = lambda code: [studio_models.GetBillingOverviewRequestGroupBy(code=code)]
    month = lambda **asked: data(studio.get_billing_overview(
        studio_models.GetBillingOverviewRequest(bill_month=MONTH, **asked)))
    for code in ("MAAS_TYPE", "BASE_MODEL", "API_KEY_ID", "WORKSPACE_ID", "FEE_TYPE", "CHARGE_TYPE",
                 "BUSINESS_REGION", "SERVICE_SITE", "ARTICLE_CODE"):
        shown = month(group_by=by(code))
        assert Decimal(shown.total_amount) == total and shown.currency == "CNY", (code, shown)
        assert Decimal(shown.pretax_amount) + Decimal(shown.tax_amount) == Decimal(shown.total_amount)
        assert sum(Decimal(group.amount) for group in shown.groups) == total, code
        assert all(group.article_codes and group.percentage for group in shown.groups)
    kinds = {group.key: group.name for group in month(group_by=by("MAAS_TYPE"), locale="zh-CN").groups}
    assert kinds.get("inference") == "模型推理", kinds
    only = studio_models.GetBillingOverviewRequestFilter(dimensions=[
        studio_models.GetBillingOverviewRequestFilterDimensions(
            code="FEE_TYPE", select_type="IN", values=["output_token"])])
    some = month(group_by=by("FEE_TYPE"), filter=only)
    assert [group.key for group in some.groups] == ["output_token"]
    assert Decimal(some.total_amount) < total
    assert len(month(group_by=by("FEE_TYPE"), top_num=1).groups) == 1
    refused("InvalidParameter", lambda: month(group_by=by("NOTHING")))
    refused("InvalidParameter", lambda: month(top_num=21))
    refused("InvalidParameter", lambda: month(group_by=by("FEE_TYPE") + by("MAAS_TYPE")))
    refused("InvalidParameter", studio.get_billing_overview,
            studio_models.GetBillingOverviewRequest(bill_month="nonsense"))
    refused("MissingParameter", studio.get_billing_overview, studio_models.GetBillingOverviewRequest())

    def over_time(granularity, start, end, **asked):
        return data(studio.get_billing_trend(studio_models.GetBillingTrendRequest(
            granularity=granularity, time_period=studio_models.GetBillingTrendRequestTimePeriod(start=start, end=end),
            group_by=[studio_models.GetBillingTrendRequestGroupBy(code="FEE_TYPE")], **asked)))

    for trend in (over_time("DAY", MONTH + "-01", DAY), over_time("MONTH", MONTH, MONTH)):
        assert Decimal(trend.cost_totals.amount) == total
        assert sum(Decimal(group.amount) for group in trend.group_by_total) == total
        assert sum(Decimal(period.total.amount) for period in trend.result_by_time) == total
        details = [share for period in trend.result_by_time for share in period.period_details]
        assert sum(Decimal(share.amount) for share in details) == total
        assert [period.period for period in trend.result_by_time] == sorted(
            period.period for period in trend.result_by_time)
    assert trend.result_by_time[0].period == MONTH.replace("-", "")
    others = over_time("MONTH", MONTH, MONTH, top_num=1)
    assert [group.key for group in others.group_by_total][1:] == ["DIMENSION_GROUP_OTHERS_VALUE"]
    assert sum(Decimal(group.amount) for group in others.group_by_total) == total
    refused("InvalidParameter", lambda: over_time("DAY", "2026-02-30", DAY))
    refused("InvalidParameter", lambda: over_time("DAY", DAY, "2026-01-01"))
    refused("InvalidParameter", lambda: over_time("HOUR", DAY, DAY))


def keys():
    workspace = studio.create_workspace(studio_models.CreateWorkspaceRequest(workspace_name="desk")).body.workspace
    assert workspace.workspace_id.startswith("llm-") and workspace.workspace_name == "desk" and workspace.gmt_create
    Auth, Scope = studio_models.CreateApiKeyRequestAuth, studio_models.CreateApiKeyRequestAuthModelAccessScope
    create = lambda **asked: studio.create_api_key(studio_models.CreateApiKeyRequest(**asked)).body.api_key
    made = create(description="front desk", workspace_id=workspace.workspace_id)
    number, value = str(made.api_key_id), made.api_key_value
    assert value.startswith("sk-") and made.workspace_id == workspace.workspace_id
    assert generate(value)[0] == 200
    shown = studio.get_api_key(number).body.api_key
    assert value not in (shown.api_key_value, str(shown)), "a key is told once"
    assert (shown.description, shown.disabled, shown.workspace_name) == ("front desk", 0, "desk")
    assert shown.auth.type == "All" and shown.auth.model_access_scope.allow_all_models

    studio.disable_api_key(number, studio_models.DisableApiKeyRequest())
    assert studio.get_api_key(number).body.api_key.disabled == 1
    assert generate(value)[1]["code"] == "InvalidApiKey"
    studio.enable_api_key(number, studio_models.EnableApiKeyRequest())
    assert generate(value)[0] == 200
    reset = studio.reset_api_key(number, studio_models.ResetApiKeyRequest()).body.api_key
    assert reset.api_key_id == made.api_key_id and reset.api_key_value != value
    assert generate(value)[0] == 401 and generate(reset.api_key_value)[0] == 200
    value = reset.api_key_value

    status, token = ask("POST", "/api/v1/tokens?expire_in_seconds=600", {}, value)
    assert status == 200 and token["token"].startswith("st-")
    assert generate(token["token"])[0] == 200
    # A narrower key narrows what was made with it.
    UpdateAuth, UpdateScope = studio_models.UpdateApiKeyRequestAuth, studio_models.UpdateApiKeyRequestAuthModelAccessScope
    narrow = UpdateAuth(type="Custom", access_ips=["127.0.0.0/8"],
                        model_access_scope=UpdateScope(allow_all_models=False, accessible_models=["another"]))
    studio.update_api_key(number, studio_models.UpdateApiKeyRequest(description="narrow", auth=narrow))
    shown = studio.get_api_key(number).body.api_key
    assert shown.auth.model_access_scope.accessible_models == ["another"] and shown.auth.access_ips == ["127.0.0.0/8"]
    for key in (value, token["token"]):
        status, said = generate(key)
        assert (status, said["code"]) == (403, "Model.AccessDenied"), said
    far = create(auth=Auth(type="Custom", access_ips=["192.0.2.0/24"], model_access_scope=Scope(allow_all_models=True)))
    assert generate(far.api_key_value)[1]["code"] == "AccessDenied"
    refused("InvalidParameter", lambda: create(auth=Auth(type="Custom", access_ips=["nowhere"])))
    refused("InvalidParameter", lambda: create(auth=Auth(type="Some")))
    refused("WorkSpaceNotFound", lambda: create(workspace_id="llm-nobody"))

    listed, token_of_page = [], None
    while True:
        page = studio.list_api_keys(studio_models.ListApiKeysRequest(max_results=1, next_token=token_of_page)).body
        listed += page.api_keys
        token_of_page = page.next_token
        if not token_of_page:
            break
    numbers = [row.api_key_id for row in listed]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == page.total_count and made.api_key_id in numbers
    upwards = studio.list_api_keys(studio_models.ListApiKeysRequest(order="ASC", order_by="gmtCreate")).body.api_keys
    assert [row.api_key_id for row in upwards] == sorted(numbers)
    by_workspace = studio.list_api_keys(studio_models.ListApiKeysRequest(workspace_id=workspace.workspace_id)).body
    assert [row.api_key_id for row in by_workspace.api_keys] == [made.api_key_id]
    assert studio.list_api_keys(studio_models.ListApiKeysRequest(description="narr")).body.total_count == 1
    refused("InvalidParameter", studio.list_api_keys, studio_models.ListApiKeysRequest(max_results=101))
    refused("InvalidParameter", studio.list_api_keys, studio_models.ListApiKeysRequest(next_token="made-up"))

    studio.delete_api_key(number)
    assert generate(value)[0] == 401 and generate(token["token"])[0] == 401, "a token ends with its key"
    for call in (studio.get_api_key, studio.delete_api_key):
        refused("ApiKey.NotFound", call, number)
    refused("ApiKey.NotFound", studio.get_api_key, "not-a-number")
    own = min(numbers)
    refused("UnsupportedOperation", studio.delete_api_key, str(own))

    spaces = studio.list_workspaces(studio_models.ListWorkspacesRequest(workspace_name="des")).body
    assert [row.workspace_id for row in spaces.workspaces] == [workspace.workspace_id]
    gone = studio.delete_workspace(workspace.workspace_id, studio_models.DeleteWorkspaceRequest()).body
    assert gone.is_deleted and not gone.fail_reasons
    refused("WorkSpaceNotFound", studio.delete_workspace, workspace.workspace_id,
            studio_models.DeleteWorkspaceRequest())
    default = studio.list_workspaces(studio_models.ListWorkspacesRequest()).body.workspaces[0].workspace_id
    kept = studio.delete_workspace(default, studio_models.DeleteWorkspaceRequest()).body
    assert not kept.is_deleted and kept.fail_reasons
    refused("MissingParameter", studio.create_workspace, studio_models.CreateWorkspaceRequest())


def catalogue():
    page = studio.list_models(studio_models.ListModelsRequest(model=MODEL)).body
    (model,) = page.models
    prices = {price.price_name: Decimal(price.price) for price in model.prices[0].prices}
    assert prices.keys() == {"training_token", "input_token", "output_token", "model_unit_hour"}, prices
    assert model.model_info.context_window > 0 and page.total_count == 1
    assert studio.list_models(studio_models.ListModelsRequest(model="nothing")).body.total_count == 0
    assert studio.list_models(studio_models.ListModelsRequest(providers=["another"])).body.total_count == 0


def rules():
    """What an account lets a workspace do with a model, and how often."""
    own = studio.list_workspaces(studio_models.ListWorkspacesRequest()).body.workspaces[0].workspace_id
    Limit = studio_models.UpdateModelLimitsRequestWorkspaceLimits
    set_limit = lambda **asked: studio.update_model_limits(studio_models.UpdateModelLimitsRequest(
        workspace_id=own, workspace_limits=[Limit(model=MODEL, **asked)]))
    assert set_limit(request_limit=1, request_limit_period=60).body.success
    shown = studio.list_model_limits(studio_models.ListModelLimitsRequest(model=MODEL, workspace_id=own)).body
    assert shown.limits[0].workspace_limit.request_limit == 1 and shown.total_count == 1
    assert generate()[0] == 200 and generate()[1]["code"] == "Throttling.RateQuota"
    assert set_limit(operation_type="DELETE").body.success
    assert generate()[0] == 200
    refused("InvalidParameter", lambda: set_limit(operation_type="FORGET"))
    refused("InvalidParameter", lambda: set_limit(request_limit=1, request_limit_period=3600))

    Grant = studio_models.UpdateModelPermissionsRequestModels
    grant = lambda **asked: studio.update_model_permissions(
        studio_models.UpdateModelPermissionsRequest(workspace_id=own, **asked)).body
    assert grant(access_all_entities="CLOSE").success
    assert generate()[1]["code"] == "Model.AccessDenied"
    assert grant(access_all_entities="KEEP", models=[Grant(model=MODEL, inference=True)]).success
    assert generate()[0] == 200
    listed = studio.list_model_permissions(studio_models.ListModelPermissionsRequest(
        workspace_id=own, authorization_scope="AUTHORIZED", model_action="INFERENCE",
        filter=studio_models.ListModelPermissionsRequestFilter(model=MODEL))).body
    (row,) = listed.list
    assert row.permissions.inference and not row.permissions.deploy
    assert grant(access_all_entities="OPEN").success
    refused("WorkSpaceNotFound", studio.update_model_permissions, studio_models.UpdateModelPermissionsRequest(
        workspace_id="llm-nobody", access_all_entities="OPEN"))


def hours():
    """A deployment by the hour owes for the seconds in which it runs."""
    status, row = ask("POST", "/api/v1/deployments", {"model_name": MODEL, "plan": "mu", "suffix": "hours"})
    assert status == 200, row
    path = "/api/v1/deployments/" + row["output"]["deployed_model"]
    deadline = time.monotonic() + 240
    while ask("GET", path)[1]["output"]["status"] != "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    begun = time.monotonic()
    time.sleep(3)
    assert ask("DELETE", path)[0] == 200
    longest = time.monotonic() - begun + 2
    (line,) = [row for row in pages(300, is_billing_item=True) if row.billing_item_code == "model_unit_hour"]
    seconds = Decimal(line.usage) * 3600
    assert Decimal("1.9") < seconds <= Decimal(longest), (seconds, longest)
    assert line.commodity_code == "sfm_deployment_public_cn" and line.usage_unit == "hour"


costs(bills())
bad_questions()
signatures()
keys()
catalogue()
rules()
hours()
costs(bills())
