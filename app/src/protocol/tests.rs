//! Messages and their JSON.

use super::*;

#[test]
fn messages_survive_the_way_there_and_back() {
    let ask = ToWorker::Open { run: "name = \"a\"".into(), device: DeviceChoice::Cpu, title: None };
    let text = r#"{"ask":"open","run":"name = \"a\"","device":"cpu"}"#;
    assert_eq!(serde_json::from_str::<ToWorker>(text).unwrap(), ask);
    assert_eq!(serde_json::from_str::<ToWorker>(&serde_json::to_string(&ask).unwrap()).unwrap(), ask);
    let text = r#"{"ask":"branch","id":"calm-flask-07","from":"best","run":"","device":"cpu","title":"More"}"#;
    let ToWorker::Branch { from, title, .. } = serde_json::from_str(text).unwrap() else { panic!("a branch") };
    assert_eq!((from, title.as_deref()), (Start::Best, Some("More")));

    let prompt = Prompt { text: "It was".into(), max_new: 8, temperature: 0.5, seed: 1 };
    let text = serde_json::to_string(&ToWorker::Continue(prompt.clone())).unwrap();
    assert_eq!(text, r#"{"ask":"continue","text":"It was","max_new":8,"temperature":0.5,"seed":1}"#);
    assert_eq!(serde_json::from_str::<ToWorker>(&text).unwrap(), ToWorker::Continue(prompt));

    let example = Specimen::Own { text: "warm".into(), pair: None, label: Some("1".into()) };
    let text = serde_json::to_string(&ToWorker::Apart { example: example.clone(), which: None }).unwrap();
    assert_eq!(text, r#"{"ask":"apart","example":{"of":"own","text":"warm","pair":null,"label":"1"},"which":null}"#);
    assert_eq!(serde_json::from_str::<ToWorker>(&text).unwrap(), ToWorker::Apart { example, which: None });
    let text = r#"{"ask":"apart","example":{"of":"train","index":3}}"#;
    let asked = ToWorker::Apart { example: Specimen::Train { index: 3 }, which: None };
    assert_eq!(serde_json::from_str::<ToWorker>(text).unwrap(), asked);

    let event = Event::Saved { step: 3, which: "last".into() };
    let tell = FromWorker::Event { event };
    let text = serde_json::to_string(&tell).unwrap();
    assert_eq!(text, r#"{"tell":"event","event":{"event":"saved","step":3,"which":"last"}}"#);
    assert_eq!(serde_json::from_str::<FromWorker>(&text).unwrap(), tell);

    let text = r#"{"ask":"sparse","gone":"units","percent":30.0,"seeds":[1,2]}"#;
    let asked = ToWorker::Sparse { gone: Gone::Units, percent: 30.0, seeds: vec![1, 2] };
    assert_eq!(serde_json::from_str::<ToWorker>(text).unwrap(), asked);
    let text = r#"{"ask":"seeds","run":"","device":"cpu","count":3,"begin":true}"#;
    let asked = ToWorker::Seeds { run: String::new(), device: DeviceChoice::Cpu, count: 3, begin: true };
    assert_eq!(serde_json::from_str::<ToWorker>(text).unwrap(), asked);
}
