"""OpenAI's own client, with its strict validation, over everything that the embedded cloud serves under /v1, and over the
smaller compatible surface; then the error of each kind."""

import hashlib
import json
import math
import os
import time

import openai
from openai import OpenAI

ROOT = os.environ["CLOUD_BASE_URL"]
KEY = os.environ["CLOUD_API_KEY"]
ADMIN_KEY = os.environ["CLOUD_ADMIN_API_KEY"]
BASE_MODEL = os.environ["CLOUD_MODEL"]
DATA = open(os.environ["CLOUD_DATA"], "rb").read()
STARTED = int(time.time()) - 5


def client(path="/v1", key=KEY, **more):
    return OpenAI(
        base_url=ROOT + path, api_key=key, admin_api_key=ADMIN_KEY, max_retries=0, timeout=120, _strict_response_validation=True, **more
    )


def refused(kind, call, param=None, code=None):
    """The call fails with this class of error, which says what is at fault."""
    try:
        call()
    except kind as error:
        assert error.request_id, "every answer names its request"
        assert set(error.body) >= {"message", "type", "param", "code"}, error.body
        assert param is None or error.param == param, f"{error.param} is not {param}: {error}"
        assert code is None or error.code == code, f"{error.code} is not {code}: {error}"
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def files(api):
    first = api.files.create(file=("rows.jsonl", DATA), purpose="fine-tune")
    assert first.object == "file" and first.bytes == len(DATA) and first.status == "processed" and first.expires_at is None
    second = api.files.create(
        file=("b.jsonl", b"{}"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    assert second.expires_at == second.created_at + 3600
    for purpose in ["assistants", "vision", "user_data", "evals"]:
        api.files.create(file=("x", b"x"), purpose=purpose)
    every = [file.id for file in api.files.list(limit=2)]
    assert len(every) == len(set(every)) >= 6, "the pages do not overlap"
    assert [file.id for file in api.files.list(order="asc", limit=3)] == every[::-1]
    assert second.id in [file.id for file in api.files.list(purpose="batch")]
    assert len(api.files.list(limit=1).data) == 1
    assert api.files.retrieve(first.id) == first
    assert api.files.content(first.id).read() == DATA
    assert api.files.delete(second.id).deleted
    refused(openai.NotFoundError, lambda: api.files.retrieve(second.id), param="id")
    refused(openai.NotFoundError, lambda: api.files.content(second.id))
    refused(openai.NotFoundError, lambda: api.files.delete(second.id))
    refused(openai.BadRequestError, lambda: api.files.create(file=("x", b"x"), purpose="fun"), param="purpose")
    refused(openai.BadRequestError, lambda: api.files.list(limit=0), param="limit")
    refused(
        openai.BadRequestError,
        lambda: api.files.create(file=("x", b"x"), purpose="batch", expires_after={"anchor": "created_at", "seconds": 1}),
        param="expires_after.seconds",
    )
    return first.id


def uploads(api):
    upload = api.uploads.create(bytes=len(DATA), filename="parts.jsonl", mime_type="text/jsonl", purpose="fine-tune")
    assert upload.status == "pending" and upload.expires_at == upload.created_at + 3600 and upload.file is None
    half = len(DATA) // 2
    last = api.uploads.parts.create(upload.id, data=DATA[half:])
    first = api.uploads.parts.create(upload.id, data=DATA[:half])
    assert first.object == "upload.part" and first.upload_id == upload.id
    md5 = hashlib.md5(DATA).hexdigest()
    refused(openai.BadRequestError, lambda: api.uploads.complete(upload.id, part_ids=[first.id]), param="part_ids")
    refused(
        openai.BadRequestError, lambda: api.uploads.complete(upload.id, part_ids=[last.id, first.id], md5=md5), param="md5"
    )
    done = api.uploads.complete(upload.id, part_ids=[first.id, last.id], md5=md5)
    assert done.status == "completed" and done.file.filename == "parts.jsonl" and done.file.bytes == len(DATA)
    assert api.files.content(done.file.id).read() == DATA
    refused(openai.BadRequestError, lambda: api.uploads.parts.create(upload.id, data=b"x"))
    refused(openai.BadRequestError, lambda: api.uploads.cancel(upload.id))
    chunked = api.uploads.upload_file_chunked(
        file=DATA, filename="c.jsonl", bytes=len(DATA), mime_type="text/jsonl", purpose="fine-tune", part_size=1000, md5=md5
    )
    assert chunked.status == "completed" and api.files.content(chunked.file.id).read() == DATA
    other = api.uploads.create(
        bytes=3, filename="x", mime_type="text/plain", purpose="batch", expires_after={"anchor": "created_at", "seconds": 7200}
    )
    refused(openai.BadRequestError, lambda: api.uploads.parts.create(other.id, data=b"four"), param="data")
    api.uploads.parts.create(other.id, data=b"abc")
    assert api.uploads.cancel(other.id).status == "cancelled"
    refused(openai.BadRequestError, lambda: api.uploads.cancel(other.id))
    refused(openai.NotFoundError, lambda: api.uploads.cancel("upload_none"))
    refused(
        openai.BadRequestError,
        lambda: api.uploads.create(bytes=9 << 30, filename="x", mime_type="text/plain", purpose="batch"),
        param="bytes",
    )
    return chunked.file.id


def until(api, job, *statuses):
    deadline = time.time() + 120
    while job.status not in statuses:
        assert job.status not in ("failed", "cancelled") and time.time() < deadline, job
        time.sleep(0.1)
        job = api.fine_tuning.jobs.retrieve(job.id)
    return job


def jobs(api, training, validation):
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": 4}}}
    job = api.fine_tuning.jobs.create(
        model=BASE_MODEL, training_file=training, validation_file=validation, suffix="desk", seed=7, method=method,
        metadata={"team": "night"},
    )
    assert job.status in ("validating_files", "queued", "running") and job.seed == 7 and job.fine_tuned_model is None
    assert job.hyperparameters.n_epochs == 2 and job.hyperparameters.learning_rate_multiplier == "auto"
    second = api.fine_tuning.jobs.create(
        model=BASE_MODEL, training_file=training,
        method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 50, "learning_rate_multiplier": 0.5}}},
    )
    job = until(api, job, "succeeded")
    assert job.trained_tokens > 0 and job.finished_at >= job.created_at and "desk" in job.fine_tuned_model
    paused = api.fine_tuning.jobs.pause(second.id)
    assert paused.status == "queued", "there is no word for a paused job"
    third = api.fine_tuning.jobs.create(model=BASE_MODEL, training_file=training, hyperparameters={"n_epochs": 1})
    until(api, third, "succeeded")
    assert api.fine_tuning.jobs.retrieve(second.id).status == "queued", "it waits while others run"
    assert api.fine_tuning.jobs.resume(second.id).status in ("queued", "running")
    until(api, second, "running", "succeeded")
    api.fine_tuning.jobs.cancel(second.id)
    deadline = time.time() + 60
    while (second := api.fine_tuning.jobs.retrieve(second.id)).status != "cancelled":
        assert time.time() < deadline, second
        time.sleep(0.1)
    assert [row.id for row in api.fine_tuning.jobs.list(limit=1)] == [third.id, second.id, job.id]
    assert [row.id for row in api.fine_tuning.jobs.list(extra_query={"metadata[team]": "night"})] == [job.id]
    assert [row.id for row in api.fine_tuning.jobs.list(metadata={"team": "night"})] == [job.id]
    events = list(api.fine_tuning.jobs.list_events(job.id, limit=3))
    losses = [event.data for event in events if event.type == "metrics"]
    assert losses and any("train_loss" in data for data in losses) and any("valid_loss" in data for data in losses)
    assert len({event.id for event in events}) == len(events), "the pages do not overlap"
    checkpoints = list(api.fine_tuning.jobs.checkpoints.list(job.id, limit=1))
    assert checkpoints[0].fine_tuned_model_checkpoint == job.fine_tuned_model
    assert checkpoints[0].metrics.train_loss > 0 and checkpoints[0].fine_tuning_job_id == job.id
    preferences(api)
    job_errors(api, job, training)
    return job.fine_tuned_model, [row.fine_tuned_model_checkpoint for row in checkpoints]


def preferences(api):
    """The method dpo: each row ends with a question and has an answer that is better than another."""
    rows = [json.loads(line) for line in DATA.splitlines()]
    pairs = [
        {"messages": row["messages"][:-1], "chosen": row["messages"][-1], "rejected": {"role": "assistant", "content": "No."}}
        for row in rows
    ]
    text = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
    file = api.files.create(file=("pairs.jsonl", text.encode()), purpose="fine-tune")
    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 1, "batch_size": 8}}}
    job = api.fine_tuning.jobs.create(model=BASE_MODEL, training_file=file.id, method=method)
    assert job.method.type == "dpo" and job.method.dpo.hyperparameters.beta == 0.2
    job = until(api, job, "succeeded")
    answer = api.chat.completions.create(model=job.fine_tuned_model, messages=ASKED, max_tokens=4)
    assert answer.model == job.fine_tuned_model
    assert api.models.delete(job.fine_tuned_model).deleted


def job_errors(api, job, training):
    create = api.fine_tuning.jobs.create
    for status, param, more in [
        (openai.NotFoundError, "model", {"model": "none"}),
        (openai.BadRequestError, "training_file", {"training_file": "file-none"}),
        (openai.BadRequestError, "suffix", {"suffix": "x" * 65}),
        (openai.BadRequestError, "metadata", {"metadata": {"k": "v" * 513}}),
        (openai.BadRequestError, "method.type", {"method": {"type": "reinforcement", "reinforcement": {"grader": {}}}}),
        (openai.BadRequestError, "integrations", {"integrations": [{"type": "wandb", "wandb": {"project": "p"}}]}),
        (openai.BadRequestError, "hyperparameters.n_epochs", {"hyperparameters": {"n_epochs": 0}}),
    ]:
        arguments = {"model": BASE_MODEL, "training_file": training, **more}
        refused(status, lambda: create(**arguments), param=param)
    for call in [api.fine_tuning.jobs.cancel, api.fine_tuning.jobs.pause, api.fine_tuning.jobs.resume]:
        refused(openai.BadRequestError, lambda: call(job.id))
        refused(openai.NotFoundError, lambda: call("ft-none"))
    refused(openai.NotFoundError, lambda: api.fine_tuning.jobs.retrieve("ft-none"))
    refused(openai.NotFoundError, lambda: api.fine_tuning.jobs.list_events("ft-none"))
    refused(openai.NotFoundError, lambda: api.fine_tuning.jobs.checkpoints.list("ft-none"))
    refused(openai.BadRequestError, lambda: api.fine_tuning.jobs.list(limit=0), param="limit")


ASKED = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Breakfast?"}]}]


def chat(api, model):
    ask = lambda **more: api.chat.completions.create(model=model, messages=ASKED, **{"max_tokens": 12, "temperature": 0, **more})
    plain = ask()
    said = plain.choices[0].message.content
    assert plain.model == model and plain.usage.total_tokens == plain.usage.prompt_tokens + plain.usage.completion_tokens
    assert plain.choices[0].finish_reason in ("stop", "length")
    assert ask().choices[0].message.content == said, "without temperature there is no chance"
    assert ask(max_tokens=None, max_completion_tokens=2).usage.completion_tokens <= 2
    drawn = lambda seed: [choice.message.content for choice in ask(n=3, temperature=1.5, seed=seed).choices]
    assert drawn(5) == drawn(5), "a seed draws the same again"
    several = ask(n=3, temperature=1.5, seed=5)
    assert [choice.index for choice in several.choices] == [0, 1, 2]
    assert several.usage.prompt_tokens == plain.usage.prompt_tokens, "the question is read once"
    if len(said) > 3:
        stop = said[2:4]
        assert stop not in ask(stop=[stop]).choices[0].message.content
    ask(frequency_penalty=2, presence_penalty=-2, top_p=0.5, logit_bias={"1": -100}, user="u", store=False, response_format={"type": "text"})
    chances = ask(logprobs=True, top_logprobs=3).choices[0].logprobs.content
    text = b"".join(bytes(token.bytes) for token in chances).decode(errors="replace")
    assert text == said or "\ufffd" in said or "<" in text, (text, said)
    for token in chances:
        assert token.logprob <= 0 and len(token.top_logprobs) == 3 and token.top_logprobs[0].logprob >= token.logprob
        assert sum(math.exp(other.logprob) for other in token.top_logprobs) <= 1.001
    assert ask(logprobs=True).choices[0].logprobs.content[0].top_logprobs == []
    streams(ask, said)
    return said


def streams(ask, said):
    chunks = list(ask(stream=True, stream_options={"include_usage": True}, logprobs=True, top_logprobs=1))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == said
    assert chunks[0].choices[0].delta.role == "assistant" and len({chunk.id for chunk in chunks}) == 1
    assert not chunks[-1].choices and chunks[-1].usage.completion_tokens > 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")
    assert any(chunk.choices and chunk.choices[0].logprobs for chunk in chunks)
    plain = list(ask(stream=True, n=2))
    assert all(chunk.usage is None for chunk in plain) and {chunk.choices[0].index for chunk in plain} == {0, 1}
    with ask(stream=True) as broken:
        next(iter(broken))


def chat_errors(api, model):
    ask = lambda **more: api.chat.completions.create(**{"model": model, "messages": ASKED, **more})
    for param, more in [
        ("temperature", {"temperature": 2.5}),
        ("n", {"n": 0}),
        ("max_tokens", {"max_tokens": 0}),
        ("top_logprobs", {"logprobs": True, "top_logprobs": 21}),
        ("tools", {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
        ("response_format", {"response_format": {"type": "json_object"}}),
        ("messages", {"messages": []}),
        ("messages[0].role", {"messages": [{"role": "robot", "content": "x"}]}),
        ("colour", {"extra_body": {"colour": "red"}}),
        ("stop", {"stop": ["a"] * 5}),
    ]:
        refused(openai.BadRequestError, lambda: ask(**more), param=param)
    refused(openai.NotFoundError, lambda: ask(model="none"), param="model", code="model_not_found")
    refused(openai.BadRequestError, lambda: ask(messages=[{"role": "user", "content": "x " * 200_000}]))
    refused(openai.BadRequestError, lambda: ask(messages=[{"role": "user", "content": "x " * 200_000}], stream=True))


def models(api, tuned, checkpoints):
    names = [model.id for model in api.models.list()]
    assert BASE_MODEL in names and tuned in names
    assert api.models.retrieve(tuned).object == "model"
    base = api.chat.completions.create(model=BASE_MODEL, messages=ASKED, max_tokens=4)
    assert base.choices
    for name in checkpoints:
        assert api.chat.completions.create(model=name, messages=ASKED, max_tokens=4).model == name, "served at once"
    for name in dict.fromkeys([tuned, *checkpoints]):
        assert api.models.delete(name).deleted
        refused(openai.NotFoundError, lambda: api.models.retrieve(name), code="model_not_found")
        refused(openai.NotFoundError, lambda: api.chat.completions.create(model=name, messages=ASKED))
    refused(openai.PermissionDeniedError, lambda: api.models.delete(BASE_MODEL))
    refused(openai.NotFoundError, lambda: api.models.delete("none"))


def usage(api, tuned):
    organization = api.admin.organization
    day = STARTED - STARTED % 86400
    page = organization.usage.completions(start_time=STARTED, bucket_width="1m", group_by=["model", "api_key_id"])
    rows = [row for bucket in page.data for row in bucket.results]
    mine = [row for row in rows if row.model == tuned]
    assert mine and sum(row.num_model_requests for row in mine) > 3 and all(row.api_key_id for row in mine)
    total = sum(row.input_tokens + row.output_tokens for row in rows)
    days = organization.usage.completions(start_time=day, end_time=day + 2 * 86400)
    assert [bucket.end_time - bucket.start_time for bucket in days.data] == [86400, 86400]
    plain = [row for bucket in days.data for row in bucket.results]
    assert all(row.model is None for row in plain) and sum(row.input_tokens + row.output_tokens for row in plain) == total
    only = organization.usage.completions(start_time=day, models=[tuned], group_by=["model"])
    assert {row.model for bucket in only.data for row in bucket.results} == {tuned}
    first = organization.usage.completions(start_time=day, end_time=day + 3 * 86400, limit=1)
    assert first.has_more and first.next_page
    second = organization.usage.completions(start_time=day, end_time=day + 3 * 86400, limit=1, page=first.next_page)
    assert second.data[0].start_time == day + 86400
    costs = organization.usage.costs(start_time=day, group_by=["line_item", "project_id"])
    lines = [row for bucket in costs.data for row in bucket.results]
    assert lines and all(row.amount.value >= 0 and row.amount.currency == "cny" and row.project_id for row in lines)
    assert any("training" in row.line_item for row in lines) and any("output" in row.line_item for row in lines)
    whole = [row for bucket in organization.usage.costs(start_time=day).data for row in bucket.results]
    assert math.isclose(sum(row.amount.value for row in whole), sum(row.amount.value for row in lines), rel_tol=1e-9)
    refused(openai.BadRequestError, lambda: organization.usage.completions(start_time=day, limit=32), param="limit")
    refused(openai.BadRequestError, lambda: organization.usage.completions(start_time=-1), param="start_time")
    refused(openai.BadRequestError, lambda: organization.usage.costs(start_time=day, page="none"), param="page")
    own = OpenAI(base_url=ROOT + "/v1", api_key=KEY, admin_api_key=KEY, max_retries=0, _strict_response_validation=True)
    seen = own.admin.organization.usage.costs(start_time=day)
    assert len(seen.data) == len(costs.data), "a workspace's own key sees what the workspace cost"
    admin = client(key=ADMIN_KEY)
    refused(openai.PermissionDeniedError, lambda: admin.files.list(), code="access_denied")
    stranger = OpenAI(base_url=ROOT + "/v1", api_key=KEY, admin_api_key="sk-admin-none", max_retries=0)
    refused(openai.AuthenticationError, lambda: stranger.admin.organization.usage.costs(start_time=day))


def kinds(api, tuned):
    """The statuses that no single endpoint is known for: 409, 413, 422 and 429."""
    native = client("/api/v1")
    post = lambda path, body: native.post(path, cast_to=object, body=body)
    row = post("/deployments", {"model_name": tuned, "plan": "mu", "name": "desk", "capacity": 1, "rpm_limit": 1})
    deployed = row["output"]["deployed_model"]
    deadline = time.time() + 60
    while native.get(f"/deployments/{deployed}", cast_to=object)["output"]["status"] != "RUNNING":
        assert time.time() < deadline
        time.sleep(0.1)
    refused(openai.ConflictError, lambda: api.models.delete(tuned), param="model")
    ask = lambda: api.chat.completions.create(model=deployed, messages=ASKED, max_tokens=1)
    ask()
    limited = refused(openai.RateLimitError, lambda: [ask() for _ in range(3)])
    assert limited.type == "rate_limit_error" and limited.response.headers["retry-after"]
    native.delete(f"/deployments/{deployed}", cast_to=object)
    key = {"Idempotency-Key": "once"}
    first = api.files.create(file=("k", b"one"), purpose="batch", extra_headers=key)
    assert api.files.create(file=("k", b"one"), purpose="batch", extra_headers=key).id == first.id
    refused(
        openai.UnprocessableEntityError, lambda: api.files.create(file=("k", b"two"), purpose="batch", extra_headers=key)
    )
    large = [{"role": "user", "content": "x" * (9 << 20)}]
    too_large = refused(openai.APIStatusError, lambda: api.chat.completions.create(model=tuned, messages=large))
    assert too_large.status_code == 413


def compatible(training):
    api = client("/compatible-mode/v1")
    file = OpenAI(base_url=ROOT + "/compatible-mode/v1", api_key=KEY, max_retries=0).files.create(
        file=("a.txt", b"text"), purpose="file-extract"
    )
    assert file.id.startswith("file-fe-") and file.status == "processed"
    assert api.files.create(file=("b.jsonl", b"{}"), purpose="batch").id.startswith("file-batch-")
    assert api.files.content(file.id).read() == b"text"
    lenient = OpenAI(base_url=ROOT + "/compatible-mode/v1", api_key=KEY, max_retries=0)
    assert [row.id for row in lenient.files.list(purpose="file-extract")] == [file.id]
    assert not lenient.files.list(extra_query={"create_before": STARTED - 3600}).data
    assert api.files.delete(file.id).deleted
    answer = api.chat.completions.create(
        model=BASE_MODEL, messages=ASKED, max_tokens=4, extra_body={"top_k": 1, "enable_thinking": False, "repetition_penalty": 1.1}
    )
    assert answer.choices[0].message.role == "assistant"
    assert BASE_MODEL in [model.id for model in api.models.list()]
    refused(openai.BadRequestError, lambda: api.files.create(file=("x", b"x"), purpose="assistants"), param="purpose")
    refused(
        openai.BadRequestError,
        lambda: api.files.create(file=("x", b"x"), purpose="batch", extra_body={"descriptions": "x"}),
        param="descriptions",
    )
    refused(openai.BadRequestError, lambda: api.chat.completions.create(model=BASE_MODEL, messages=ASKED, temperature=2))
    for call in [
        lambda: api.fine_tuning.jobs.list(),
        lambda: api.uploads.cancel("upload_x"),
        lambda: api.models.delete(BASE_MODEL),
    ]:
        refused(openai.APIStatusError, call)


def keys():
    stranger = client(key="sk-" + "0" * 32)
    for call in [
        lambda: stranger.models.list(),
        lambda: stranger.files.list(),
        lambda: stranger.fine_tuning.jobs.list(),
        lambda: stranger.chat.completions.create(model=BASE_MODEL, messages=ASKED),
    ]:
        refused(openai.AuthenticationError, call, code="invalid_api_key")
    raw = client().models.with_raw_response.list()
    assert raw.headers["x-request-id"]


def main():
    api = client()
    keys()
    training = files(api)
    validation = uploads(api)
    tuned, checkpoints = jobs(api, training, validation)
    chat(api, BASE_MODEL)
    chat(api, tuned)
    chat_errors(api, tuned)
    usage(api, tuned)
    kinds(api, tuned)
    models(api, tuned, checkpoints)
    compatible(training)
    print(json.dumps({"tuned": tuned, "checkpoints": len(checkpoints)}))


if __name__ == "__main__":
    main()
