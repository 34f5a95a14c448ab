"""All five training types through DashScope's own client: each on its own rows to a model that answers, results of either
form trained further, and the refusal of each setting and row that a type does not have. Ends with 0 when all of it holds."""

import json
import os
import tempfile
import time
from http import HTTPStatus

ROOT, KEY, MODEL = os.environ["CLOUD_BASE_URL"], os.environ["CLOUD_API_KEY"], os.environ["CLOUD_MODEL"]
# Both are read when the package is imported.
os.environ["DASHSCOPE_HTTP_BASE_URL"] = ROOT + "/api/v1"
os.environ["DASHSCOPE_API_KEY"] = KEY

import dashscope  # noqa: E402

HYPER = {"n_epochs": 1, "batch_size": 2, "max_length": 256, "learning_rate": "1e-3"}
FINAL = ("SUCCEEDED", "FAILED", "CANCELED")


def said(role, text, **more):
    return dict({"role": role, "content": text}, **more)


CHATS = [{"messages": [said("user", f"Room {n}?"), said("assistant", "Yes.", loss_weight="0.5")]} for n in range(4)]
TEXTS = [{"text": f"Room {n} has breakfast at seven. 早餐七点开始。"} for n in range(4)]
PAIRS = [
    {"messages": [said("user", f"Room {n}?")], "chosen": said("assistant", "At seven."), "rejected": said("assistant", "No.")}
    for n in range(4)
]
ROWS = {"sft": CHATS, "efficient_sft": CHATS, "cpt": TEXTS, "dpo_full": PAIRS, "dpo_lora": PAIRS}


def ok(answer):
    assert answer.status_code == HTTPStatus.OK, f"{answer.status_code} {answer.code} {answer.message}"
    return answer.output


def uploaded(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "rows.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
        return ok(dashscope.Files.upload(file_path=path, purpose="fine_tune"))["uploaded_files"][0]["file_id"]


def ended(job_id):
    deadline = time.monotonic() + 240
    while True:
        job = ok(dashscope.FineTunes.get(job_id))
        if job.status in FINAL:
            return job
        assert time.monotonic() < deadline, f"{job_id} is still {job.status}"
        time.sleep(0.2)


def lines(job_id):
    return ok(dashscope.FineTunes.logs(job_id, offset=0, line=1000))["logs"]


def trained(kind, model=MODEL, rows=None, **hyper):
    """A job of a type to its end; answers it and its log."""
    file_id = uploaded(rows or ROWS[kind])
    job = ok(dashscope.FineTunes.call(model, [file_id], mode=kind, hyper_parameters=dict(HYPER, **hyper)))
    assert job.training_type == kind
    job = ended(job.job_id)
    assert job.status == "SUCCEEDED", f"{kind}: {lines(job.job_id)}"
    assert job.usage > 0
    return job, lines(job.job_id)


def answers(model):
    deployed = ok(dashscope.Deployments.call(model, capacity=1, plan="mu"))
    name = deployed.deployed_model
    deadline = time.monotonic() + 240
    while (state := ok(dashscope.Deployments.get(name)).status) != "RUNNING":
        assert state != "FAILED" and time.monotonic() < deadline, f"{name} is {state}"
        time.sleep(0.2)
    answer = dashscope.Generation.call(model=name, messages=[said("user", "Breakfast?")], max_tokens=4, result_format="message")
    assert ok(answer)["choices"][0]["message"]["role"] == "assistant" and answer.usage["output_tokens"] > 0
    ok(dashscope.Deployments.delete(name))


def every_type():
    models = {}
    for kind in ROWS:
        job, log = trained(kind)
        models[kind] = job.finetuned_output
        answers(job.finetuned_output)
        told = "\n".join(log)
        assert "'loss'" in told and ("'rewards/margins'" in told) == kind.startswith("dpo"), told
    return models


def settings(model):
    """What a type has is honoured, as the log shows; what it has not is refused by name."""
    job, log = trained("sft", rows=CHATS * 5, n_epochs=2, split=0.8, eval_steps=4, logging_steps=2, save_strategy="steps",
                       save_steps=4, save_total_limit=2, lr_scheduler_type="Inverse_Sqrt", warmup_ratio=0.1, data_augmentation=False)
    told = "\n".join(log)
    assert "'rows': 16" in told, "a fifth of the rows is held out"
    assert told.count("'eval_loss'") == 4 and told.count("'learning_rate'") == 8, told
    assert told.count("was stored.") == 4, "three states on the way, and the last"
    refusals = {
        "sft": {"lora_rank": 8, "freeze_vit": True, "augmentation_types": "mix_v2", "augmentation_ratio": "0.5", "beta": 0.1},
        "efficient_sft": {"data_augmentation": True, "lr_scheduler_type": "sudden", "save_strategy": "never", "n_epochs": 0},
        "cpt": {"save_steps": 10, "lora_alpha": 8},
        "dpo_lora": {"save_strategy": "epoch", "max_length": 1 << 20, "unknown": 1},
        "dpo_full": {"lora_dropout": 0.1, "batch_size": "many"},
    }
    for kind, wrong in refusals.items():
        file_id = uploaded(ROWS[kind])
        for name, value in wrong.items():
            answer = dashscope.FineTunes.call(model, [file_id], mode=kind, hyper_parameters=dict(HYPER, **{name: value}))
            assert (answer.status_code, answer.code) == (400, "InvalidParameter"), f"{kind} {name}: {answer}"
            assert name in answer.message, answer.message


def further(models):
    """LoRA values repeat the first round's; results of either form are started from."""
    first, _ = trained("efficient_sft", lora_rank=4, lora_alpha=12)
    trained("dpo_lora", model=first.finetuned_output)
    answer = dashscope.FineTunes.call(first.finetuned_output, [uploaded(CHATS)], mode="efficient_sft", hyper_parameters=dict(HYPER, lora_rank=8))
    assert answer.code == "InvalidParameter" and "lora_rank" in answer.message, answer
    trained("cpt", model=first.finetuned_output)
    merged, _ = trained("efficient_sft", model=models["sft"])
    answers(merged.finetuned_output)


def bad_rows():
    for kind, row, why in [
        ("sft", {"text": "x"}, "it has no messages"),
        ("sft", {"messages": [said("user", "a")]}, "it has no assistant message"),
        ("efficient_sft", {"messages": [said("user", "a"), said("assistant", "b", loss_weight=2)]}, "loss_weight"),
        ("efficient_sft", {"messages": [said("robot", "a")]}, "robot"),
        ("cpt", {"messages": []}, "it has no text"),
        ("cpt", {"text": ""}, "empty"),
        ("dpo_full", {"messages": [said("user", "a")], "chosen": said("assistant", "b")}, "it has no rejected answer"),
        ("dpo_lora", dict(PAIRS[0], chosen=said("user", "b")), "the role of chosen"),
    ]:
        job = ok(dashscope.FineTunes.call(MODEL, [uploaded([ROWS[kind][0], row])], mode=kind, hyper_parameters=HYPER))
        job = ended(job.job_id)
        told = "\n".join(lines(job.job_id))
        assert job.status == "FAILED" and "line 2" in told and why in told, f"{kind}: {told}"


def main():
    models = every_type()
    settings(MODEL)
    further(models)
    bad_rows()
    print("training types: all of it holds")


main()
