"""Both generations of DashScope's own client against the embedded cloud: upload, tune, watch, cancel, deploy, generate,
stream, scale, undeploy, page, delete, and the error of each kind. Ends with 0 when all of it holds."""

import os
import time
from http import HTTPStatus

ROOT, KEY = os.environ["CLOUD_BASE_URL"], os.environ["CLOUD_API_KEY"]
MODEL, DATA = os.environ["CLOUD_MODEL"], os.environ["CLOUD_DATA"]
# Both are read when the package is imported.
os.environ["DASHSCOPE_HTTP_BASE_URL"] = ROOT + "/api/v1"
os.environ["DASHSCOPE_API_KEY"] = KEY

import dashscope  # noqa: E402
from dashscope.v2 import errors  # noqa: E402

HYPER = {"n_epochs": 1, "batch_size": 8, "max_length": 64, "learning_rate": "1e-4"}
# Long enough to be cancelled while it runs.
LONG = dict(HYPER, n_epochs=200)
FINAL = ("SUCCEEDED", "FAILED", "CANCELED")
QUESTION = [{"role": "user", "content": "早餐包含在房价里吗？"}]


def ok(answer):
    """Answers of the older generation say how they went; every declared field must be there, or `repr` fails."""
    assert answer.status_code == HTTPStatus.OK, f"{answer.status_code} {answer.code} {answer.message}"
    assert answer.request_id, "every answer names its request"
    repr(answer)
    return answer.output


def refused(answer, status, code):
    assert (answer.status_code, answer.code) == (status, code), f"{answer.status_code} {answer.code} {answer.message}"
    assert answer.message and answer.request_id


def until(read, wanted, what):
    """Polls until a state is reached; nothing here takes more than seconds by itself."""
    deadline = time.monotonic() + 240
    while True:
        state = read()
        if state in wanted:
            return state
        assert state not in FINAL, f"{what} ended as {state}"
        assert time.monotonic() < deadline, f"{what} is still {state}"
        time.sleep(0.2)


def raises(kind, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert error.message, "an error says why"
        return error
    raise AssertionError(f"no {kind.__name__} was raised")


def older_generation():
    # Files.
    uploaded = ok(dashscope.Files.upload(file_path=DATA, purpose="fine_tune", description="rows"))
    assert uploaded["failed_uploads"] == []
    file_id = uploaded["uploaded_files"][0]["file_id"]
    assert uploaded["uploaded_files"][0]["name"] == os.path.basename(DATA)
    known = ok(dashscope.Files.get(file_id))
    assert (known["file_id"], known["size"], known["description"]) == (file_id, os.path.getsize(DATA), "rows")
    assert known["purpose"] == "fine-tune", "this client never sends a purpose"
    for name in ("id", "md5", "gmt_create", "url", "region", "user_id", "api_key_id"):
        assert name in known, name
    listed = ok(dashscope.Files.list(page=1, page_size=1))
    assert (listed["total"], listed["page_no"], listed["page_size"], len(listed["files"])) == (1, 1, 1, 1)
    assert ok(dashscope.Files.list(page=2, page_size=1))["files"] == []
    refused(dashscope.Files.get("no-such-file"), 400, "InvalidParameter")
    refused(dashscope.Files.list(page=1, page_size=101), 400, "InvalidParameter")
    refused(dashscope.Files.list(api_key="sk-wrong"), 401, "InvalidApiKey")

    # Fine-tunes, from creation to result.
    job = ok(dashscope.FineTunes.call(MODEL, file_id, mode="efficient_sft", hyper_parameters=HYPER))
    assert job.status in ("PENDING", "QUEUING", "RUNNING"), job.status
    assert (job.model, job.base_model, job.training_type) == (MODEL, MODEL, "efficient_sft")
    assert job.training_file_ids == [file_id] and job.validation_file_ids == []
    assert job.hyper_parameters["n_epochs"] == 1 and job.group == "llm"
    events = list(dashscope.FineTunes.stream_events(job.job_id))
    assert events, "the stream tells something and ends with the job"
    until(lambda: ok(dashscope.FineTunes.get(job.job_id)).status, ("SUCCEEDED",), "the fine-tune")
    done = ok(dashscope.FineTunes.get(job.job_id))
    assert isinstance(done.usage, int) and done.usage > 0, "the tokens that are billed"
    assert done.end_time >= done.create_time and done.finetuned_output
    logs = ok(dashscope.FineTunes.logs(job.job_id, offset=0, line=1000))
    assert logs["total"] == len(logs["logs"]) and "##FT_COMPLETE##" in logs["logs"][-1]
    assert any("'loss'" in line for line in logs["logs"]), "the loss can be read from the log"
    skipped = ok(dashscope.FineTunes.logs(job.job_id, offset=1, line=2))
    assert skipped["logs"] == logs["logs"][1:3], "offset is a number of lines"
    assert ok(dashscope.FineTunes.logs(job.job_id, offset=9999, line=5))["logs"] == []

    # Cancelling, paging, deleting.
    other = ok(dashscope.FineTunes.call(MODEL, [file_id], mode="efficient_sft", hyper_parameters=LONG))
    until(lambda: ok(dashscope.FineTunes.get(other.job_id)).status, ("RUNNING",), "the second fine-tune")
    assert ok(dashscope.FineTunes.cancel(other.job_id)).status == "success"
    until(lambda: ok(dashscope.FineTunes.get(other.job_id)).status, ("CANCELED",), "the second fine-tune")
    page = ok(dashscope.FineTunes.list(page_no=1, page_size=1))
    assert (page.total, len(page.jobs), page.page_size) == (2, 1, 1)
    assert page.jobs[0].job_id == other.job_id, "the newest comes first"
    assert ok(dashscope.FineTunes.delete(other.job_id)).status == "success"
    refused(dashscope.FineTunes.get(other.job_id), 404, "NotFound")
    refused(dashscope.FineTunes.call("no-such-model", file_id, mode="efficient_sft", hyper_parameters=HYPER), 404, "ModelNotFound")
    refused(dashscope.FineTunes.call(MODEL, "no-such-file", mode="efficient_sft", hyper_parameters=HYPER), 400, "InvalidParameter")
    refused(dashscope.FineTunes.call(MODEL, file_id, mode="nonsense", hyper_parameters=HYPER), 400, "UnsupportedOperation")
    wrong = dict(HYPER, n_epochs="many")
    refused(dashscope.FineTunes.call(MODEL, file_id, mode="efficient_sft", hyper_parameters=wrong), 400, "InvalidParameter")
    refused(dashscope.FineTunes.call(MODEL, file_id, hyper_parameters=HYPER, finetuned_output="mine"), 400, "InvalidParameter")

    # Deployments.
    served = ok(dashscope.Deployments.call(done.finetuned_output, capacity=1, plan="lora"))
    name = served.deployed_model
    until(lambda: ok(dashscope.Deployments.get(name)).status, ("RUNNING",), "the deployment")
    listed = dashscope.Deployments.list(page_no=1, page_size=10)
    assert ok(listed).total == 1 and listed.output.deployments[0].deployed_model == name
    refused(dashscope.Deployments.call("no-such-model", capacity=1, plan="lora"), 404, "ModelNotFound")
    refused(dashscope.Deployments.call(done.finetuned_output, capacity=1, plan="nonsense"), 400, "InvalidParameter")
    refused(dashscope.Deployments.get("no-such-deployment"), 404, "NotFound")

    # Generation.
    said = ok(dashscope.Generation.call(model=name, messages=QUESTION, result_format="message", max_tokens=8, seed=1))
    assert said.choices[0].message.role == "assistant" and said.choices[0].finish_reason in ("stop", "length")
    text = dashscope.Generation.call(model=name, prompt="早餐？", result_format="text", max_tokens=8)
    assert ok(text).text is not None and text.output.finish_reason in ("stop", "length")
    assert text.usage.total_tokens == text.usage.input_tokens + text.usage.output_tokens
    for incremental in (True, False):
        frames = list(dashscope.Generation.call(model=name, messages=QUESTION, result_format="message", max_tokens=8,
                                                seed=1, stream=True, incremental_output=incremental))
        texts = [ok(frame).choices[0].message.content for frame in frames]
        whole = "".join(texts) if incremental else texts[-1]
        assert whole == said.choices[0].message.content, "the same seed gives the same answer, streamed or not"
        assert frames[-1].output.choices[0].finish_reason in ("stop", "length")
        assert all(frame.output.choices[0].finish_reason == "null" for frame in frames[:-1])
    refused(dashscope.Generation.call(model="no-such-model", messages=QUESTION), 404, "ModelNotFound")
    refused(dashscope.Generation.call(model=name, messages=QUESTION, temperature=9.0), 400, "InvalidParameter")
    broken = list(dashscope.Generation.call(model="no-such-model", messages=QUESTION, stream=True))
    refused(broken[0], 404, "ModelNotFound")

    # Models, and the end of everything.
    models = ok(dashscope.Models.list(page=1, page_size=100))
    assert MODEL in [row["model"] for row in models["models"]]
    assert dashscope.Deployments.delete(name).status_code == HTTPStatus.OK
    deadline = time.monotonic() + 60
    while dashscope.Deployments.get(name).status_code == HTTPStatus.OK:
        assert time.monotonic() < deadline, "the deployment is still there"
        time.sleep(0.2)
    ok_delete = dashscope.Files.delete(file_id)
    assert ok_delete.status_code == HTTPStatus.OK
    refused(dashscope.Files.get(file_id), 400, "InvalidParameter")


def newer_generation():
    client = dashscope.Client(base_url=ROOT + "/api/v1", api_key=KEY, max_retries=0, config_path="/nonexistent")
    file = client.files.upload(file_path=DATA, description="rows")
    assert client.files.get(file.file_id).size == os.path.getsize(DATA)
    assert client.files.list(page_no=1, page_size=1).total_count == 1
    raises(errors.NotFoundError, client.files.get, "no-such-file")

    job = client.fine_tunes.create(model=MODEL, training_file_ids=file.file_id, mode="efficient_sft",
                                   hyper_parameters=HYPER, finetuned_model="front desk")
    assert [event for event in client.fine_tunes.stream_events(job.job_id) if not event.is_error]
    done = client.fine_tunes.wait(job, poll_interval=0.2, timeout=240)
    assert done.succeeded and done.usage.total_tokens > 0
    assert "##FT_COMPLETE##" in client.fine_tunes.logs(job.job_id).content
    raises(errors.BadRequestError, client.fine_tunes.create, model=MODEL, training_file_ids=file.file_id,
           mode="efficient_sft", hyper_parameters=dict(HYPER, freeze_vit=True))
    raises(errors.NotFoundError, client.fine_tunes.get, "ft-202601010000-none")
    other = client.fine_tunes.create(model=MODEL, training_file_ids=[file.file_id], mode="efficient_sft", hyper_parameters=LONG)
    client.fine_tunes.cancel(other.job_id)
    raises(errors.DashScopeError, client.fine_tunes.wait, other, poll_interval=0.2, timeout=240)
    assert client.fine_tunes.list(page_no=1, page_size=100).total_count >= 2

    served = client.deployments.create(model=done.finetuned_model, capacity=1, plan="lora")
    name = served.deployed_model
    assert list(client.deployments.stream_events(name)), "its events end once it runs"
    until(lambda: client.deployments.get(name).status, ("RUNNING",), "the deployment")
    assert name in [row.deployed_model for row in client.deployments.list().deployments]
    raises(errors.NotFoundError, client.deployments.get, "no-such-deployment")
    units = client.deployments.create(model=done.finetuned_model, capacity=1, plan="mu", suffix="units",
                                      deploy_spec="MU1", billing_method="POST_PAY")
    until(lambda: client.deployments.get(units.deployed_model).status, ("RUNNING",), "the second deployment")
    assert client.deployments.scale(units.deployed_model, capacity=2).capacity == 2
    raises(errors.DashScopeError, client.deployments.create, model=done.finetuned_model, capacity=1, plan="mu",
           suffix="units", deploy_spec="MU1", billing_method="POST_PAY")

    answer = client.chat.completions.create(model=name, messages=QUESTION, max_tokens=8, seed=1)
    assert answer.choices[0].message.role == "assistant" and answer.usage.total_tokens > 0
    pieces = list(client.chat.completions.create(model=name, messages=QUESTION, max_tokens=8, seed=1, stream=True))
    told = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    assert told == answer.choices[0].message.content, "streamed and whole answers are the same"
    raises(errors.DashScopeError, client.chat.completions.create, model="no-such-model", messages=QUESTION)
    stranger = dashscope.Client(base_url=ROOT + "/api/v1", api_key="sk-wrong", max_retries=0, config_path="/nonexistent")
    raises(errors.AuthenticationError, stranger.files.list)

    openai = dashscope.Client(base_url=ROOT + "/compatible-mode/v1", api_key=KEY, max_retries=0,
                              config_path="/nonexistent", protocol="openai")
    answer = openai.chat.completions.create(model=name, messages=QUESTION, max_tokens=8, seed=1)
    assert answer.choices[0].message.content == told, "the two protocols reach the same model"

    assert client.models.get(MODEL).model == MODEL
    raises(errors.NotFoundError, client.models.get, "no-such-model")
    for deployed in (name, units.deployed_model):
        client.deployments.delete(deployed)
    assert client.files.delete(file.file_id).deleted
    raises(errors.NotFoundError, client.files.delete, file.file_id)


older_generation()
newer_generation()
