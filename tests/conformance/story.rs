//! One story from an empty cloud to a deployment that answers, each step looked at from the client's side.

use std::sync::Mutex;
use std::time::Duration;

use pc_base::{Cancel, Code, Progress, Silent};
use pc_cloud::{Cloud, Endpoint};
use pc_protocol::{
    ChatRequest, CheckpointStatus, CreateDeployment, DeploymentStatus, FineTuneStatus, Generation, Message,
    SamplingParameters, time,
};

use crate::cloud::{
    INPUT_TOKENS, OUTPUT_TOKENS, PIECES, Serving, TRAINED_TOKENS, ended, sha256_of, told, tune_of, tuned, weights,
};
use crate::relay::Relay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_cloud_to_an_answer() {
    let mut serving = Serving::start().await;
    let cloud = serving.cloud();
    let offered = cloud.capabilities().await.unwrap();
    assert!(
        offered.iter().any(|name| name == "weights-download") && offered.iter().any(|name| name == "resumable-upload")
    );
    let models = cloud.models(1, 50).await.unwrap();
    assert_eq!((models.total, models.models[0].model.as_str()), (1, "tiny"));
    let prices = models.models[0].prices.as_ref().unwrap();
    assert_eq!(prices.training_token, serving.prices.of("tiny").training_token, "prices arrive to the last digit");
    files(&serving, &cloud).await;
    let model = tuning(&serving, &cloud).await;
    let deployed = deploying(&cloud, &model).await;
    answering(&cloud, &deployed).await;
    cloud.deployment_delete(&deployed).await.unwrap();
    assert!(cloud.deployments().await.unwrap().is_empty());
    serving.end().await;
    let gone = cloud.files(1, 10).await.unwrap_err();
    assert_eq!(told(&gone).0, Code::NetworkUnreachable, "a cloud that has ended is not reached");
}

async fn files(serving: &Serving, cloud: &Cloud) {
    let path = serving.data_set();
    let reports = Mutex::new(Vec::new());
    let reporter = |progress: Progress| reports.lock().unwrap().push(progress);
    let name = "训练 \"one\".jsonl";
    let file = cloud.file_upload(&path, name, "a set", &reporter, &Cancel::default()).await.unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    assert_eq!((file.size, file.purpose.as_str(), file.description.as_str()), (bytes, "fine-tune", "a set"));
    assert_eq!(file.name, name, "a name of any script and with quotes arrives as it is");
    assert_eq!(time::read(&file.gmt_create), Some("2026-11-24T02:00:00Z".parse().unwrap()));
    let last = reports.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.done, last.total), (bytes, Some(bytes)), "progress ends at the end");
    let page = cloud.files(1, 10).await.unwrap();
    assert_eq!((page.total, &page.files[0]), (1, &file));
    cloud.file_delete(&file.file_id).await.unwrap();
    let gone = cloud.file(&file.file_id).await.unwrap_err();
    assert!(pc_cloud::CloudError::is_not_found(&gone), "{gone:?}");
    let missing = cloud.file_upload(&serving.dir.path().join("none"), "n", "", &Silent, &Cancel::default()).await;
    let coded = missing.unwrap_err().downcast::<pc_base::Coded>().unwrap();
    assert_eq!(coded.code, Code::FileNotFound, "a file that is not there is not the cloud's fault");
}

async fn tuning(serving: &Serving, cloud: &Cloud) -> String {
    let job = tuned(serving, cloud).await;
    assert_eq!((&job.status, job.job_name.as_str()), (&FineTuneStatus::Succeeded, "front desk"));
    assert_eq!(job.usage, Some(TRAINED_TOKENS));
    assert_eq!(job.hyper_parameters["learning_rate"], "1.6e-5", "settings come back as they were sent");
    assert_eq!(job.training_files().len(), 1);
    let log = cloud.fine_tune_logs(&job.job_id, 0, 1000).await.unwrap();
    assert_eq!(log.total, log.logs.len() as u64);
    assert!(log.logs.iter().any(|line| line.contains("'loss': 1.0")), "{:?}", log.logs);
    assert_eq!(cloud.fine_tune_logs(&job.job_id, log.total, 10).await.unwrap().logs, [""; 0]);
    let page = cloud.fine_tunes(1, 10).await.unwrap();
    assert_eq!((page.total, &page.jobs[0]), (1, &job));
    let checkpoints = cloud.fine_tune_checkpoints(&job.job_id).await.unwrap();
    let last = checkpoints.last().unwrap();
    assert_eq!((last.step, &last.status), (2, &CheckpointStatus::Succeeded), "the result is the last checkpoint");
    cloud.checkpoint_publish(&job.job_id, &last.checkpoint, "").await.unwrap();
    let refused = cloud.fine_tune_cancel(&job.job_id).await.unwrap_err();
    assert_eq!(told(&refused).1.cloud_code.as_deref(), Some("UnsupportedOperation"));
    let second = cloud.fine_tune_create(&tune_of(&job.training_file_ids[0])).await.unwrap();
    ended(cloud, &second.job_id).await;
    cloud.fine_tune_delete(&second.job_id).await.unwrap();
    assert_eq!(cloud.fine_tunes(1, 10).await.unwrap().total, 1);
    job.result().unwrap().to_owned()
}

async fn deploying(cloud: &Cloud, model: &str) -> String {
    let deployable = cloud.deployable_models(1, 50, Some("custom")).await.unwrap();
    assert_eq!(deployable.models[0].model_name, model);
    let create = CreateDeployment {
        model_name: model.to_owned(),
        plan: Some("lora".into()),
        name: Some("desk".into()),
        capacity: Some(1),
        suffix: Some("desk".into()),
        ..CreateDeployment::default()
    };
    let created = cloud.deployment_create(&create).await.unwrap();
    let taken = cloud.deployment_create(&create).await.unwrap_err();
    assert_eq!(told(&taken).1.cloud_code.as_deref(), Some("Conflict"));
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while cloud.deployment(&created.deployed_model).await.unwrap().status != DeploymentStatus::Running {
        assert!(std::time::Instant::now() < until, "the deployment comes up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let callable = cloud.callable_models().await.unwrap();
    assert!(callable.iter().any(|row| row.id == created.deployed_model));
    created.deployed_model
}

async fn answering(cloud: &Cloud, model: &str) {
    let messages = vec![Message::new("user", "When is breakfast?")];
    let asked = Generation::chat(model, messages.clone(), SamplingParameters::default());
    let chat = ChatRequest {
        model: model.to_owned(),
        messages,
        sampling: SamplingParameters::default(),
        ..ChatRequest::default()
    };
    let (mut native, mut compatible) = (Vec::new(), Vec::new());
    let cancel = Cancel::default();
    let answers = [
        cloud.generate(&asked).await.unwrap(),
        cloud.generate_stream(&asked, |text| native.push(text.to_owned()), &cancel).await.unwrap(),
        cloud.chat(&chat).await.unwrap(),
        cloud.chat_stream(&chat, |text| compatible.push(text.to_owned()), &cancel).await.unwrap(),
    ];
    for answer in &answers {
        assert_eq!((answer.text.as_str(), answer.finish_reason.as_str()), ("早餐 is at seven.", "stop"));
        assert_eq!((answer.input_tokens, answer.output_tokens), (INPUT_TOKENS, OUTPUT_TOKENS));
        assert!(answer.request_id.is_some());
    }
    assert_eq!((native, compatible), (PIECES.map(str::to_owned).to_vec(), PIECES.map(str::to_owned).to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn weights_arrive_whole_over_connections_that_break() {
    let serving = Serving::start().await;
    let job = tuned(&serving, &serving.cloud()).await;
    let relay = Relay::start(serving.address, vec![700_000, 1_000_000, 5, 300_000]).await;
    let cloud = serving.cloud_of(Endpoint { base_url: format!("http://{}", relay.address), ..serving.endpoint() });
    let dir = serving.dir.path().join("weights");
    let reports = Mutex::new(Vec::new());
    let reporter = |progress: Progress| reports.lock().unwrap().push(progress);
    let manifest = cloud.weights_download(&job.job_id, &dir, &reporter, &Cancel::default()).await.unwrap();
    assert_eq!(manifest.model, job.result().unwrap());
    for file in &manifest.files {
        assert_eq!(sha256_of(&dir.join(&file.name)), file.sha256);
    }
    assert_eq!(std::fs::read(dir.join("adapter_model.safetensors")).unwrap(), weights());
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "nothing else stays in the folder");
    let ranges = relay.ranges();
    assert!(ranges.len() >= 3 && ranges.iter().all(|range| range != "bytes=0-"), "it went on each time: {ranges:?}");
    let last = reports.lock().unwrap().last().cloned().unwrap();
    assert_eq!(Some(last.done), last.total);

    // A second download finds everything there, and one that was stopped goes on where it was.
    let before = relay.ranges().len();
    cloud.weights_download(&job.job_id, &dir, &Silent, &Cancel::default()).await.unwrap();
    std::fs::remove_file(dir.join("adapter_model.safetensors")).unwrap();
    let cancel = Cancel::default();
    let stop = |progress: Progress| {
        if progress.done > 1_000_000 {
            cancel.cancel();
        }
    };
    let slow = Relay::start(serving.address, vec![2_000_000]).await;
    let slow = serving.cloud_of(Endpoint { base_url: format!("http://{}", slow.address), ..serving.endpoint() });
    let stopped = slow.weights_download(&job.job_id, &dir, &stop, &cancel).await.unwrap_err();
    assert_eq!(told(&stopped).0, Code::Cancelled);
    assert!(!dir.join("adapter_model.safetensors").exists(), "half a file is not shown");
    cloud.weights_download(&job.job_id, &dir, &Silent, &Cancel::default()).await.unwrap();
    assert_eq!(std::fs::read(dir.join("adapter_model.safetensors")).unwrap(), weights());
    assert_eq!(relay.ranges().len(), before + 1, "the rest came in one piece");
}
