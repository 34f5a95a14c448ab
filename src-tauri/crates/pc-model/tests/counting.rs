//! Token counts are those of the reference: the `tokenizers` library on a fuzzed corpus for every family, and recorded answers
//! of tiktoken for Qwen's vocabulary. Rows come to the tokens that a training of them has.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use pc_base::{Cancel, Code, Coded, Places};
use pc_model::{
    ChatTemplate, CountBench, Counter, Learnt, ModelFolder, QwenTokens, RowCounter, RowTokens, Tokenizer, Way,
    training_example,
};
use serde_json::{Value, json};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fixtures")
}

fn base_model() -> ModelFolder {
    let folder = Places::from_env().unwrap().base_model("gemma-3-270m");
    ModelFolder::open(&folder).unwrap_or_else(|e| panic!("run `cargo xtask setup` first: {e:#}"))
}

/// Xorshift (Marsaglia 2003): the same texts in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 9) % limit as u64) as usize
    }

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

const ALPHABETS: &[&str] = &[
    "abcdefghijklmnopqrstuvwxyz  ABC",
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里，。！？：",
    "𠮷𠀀龘㐀龥鿿々〇〆ヶ",
    "0123456789٣Ⅷ½²๓.,- ",
    " ▁\t\n\r\u{3000}\u{a0}\u{85}\u{2028}\u{b}\u{c}",
    "'sStTmMdDrReEvVlLſK ",
    "😀👩\u{200d}💻🇨🇳\u{fe0f}\u{200d}🏽👨\u{200d}👩\u{200d}👧\u{200d}👦❤",
    "e\u{301}\u{308}n\u{303}a\u{323}\u{307}か\u{3099}は\u{309a}\u{1100}\u{1161}\u{11a8}가\u{212b}\u{338}=",
    "{}[]()<>;:=+-*/%&|^~!?\"#@$\\`_",
    "ЖжЯяабв العربية हिन्दी ไทย ქართული עברית Ελλην",
    "\0\u{1}\u{7}\u{1b}\u{7f}\u{200b}\u{202e}\u{feff}\u{fffd}\u{e000}\u{10ffff}\u{ffff}",
    "がぎぐアイウ한국어",
];
const SNIPPETS: &[&str] = &[
    "<|im_start|>",
    "<|im_end|>",
    "<|im_end",
    "<|endoftext|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<unk>",
    "<unused12>",
    "<0x0A>",
    "<think>",
    "</think>",
    "<tool_call>",
    "<|begin_of_text|>",
    "[multimodal]",
    "<table><tr><td>",
    "</td> </tr>",
    "> </b>",
    "> </",
    "\n\n\n",
    "    ",
    "\r\n\r\n",
    " \n \n",
    "I'll don't WE'RE it's",
    "    return x;\n}\n",
    "https://example.com/a?b=1&c=%20",
    "您好，请问早餐几点开始？",
    "The quick brown fox jumps over the lazy dog. ",
    "\u{200d}",
];

fn fuzzed(dice: &mut Dice) -> String {
    let mut text = String::new();
    for _ in 0..1 + dice.below(14) {
        let alphabet: Vec<char> = dice.of(ALPHABETS).chars().collect();
        match dice.below(12) {
            0 => {
                let one = alphabet[dice.below(alphabet.len())];
                (0..dice.below(90)).for_each(|_| text.push(one));
            }
            1 | 2 => text.push_str(dice.of(SNIPPETS)),
            3 => text.extend(char::from_u32(dice.below(0x11_0000) as u32)),
            4 => {
                // Letters of one block of Unicode, whatever it is.
                let block = dice.below(0x330) as u32 * 256;
                text.extend((0..dice.below(12)).filter_map(|_| char::from_u32(block + dice.below(256) as u32)));
            }
            _ => (0..1 + dice.below(12)).for_each(|_| text.push(alphabet[dice.below(alphabet.len())])),
        }
    }
    text
}

/// Every fuzzed text has the tokens that the library gives it, and its count is their number, also from memory.
fn hold(counter: &Counter, library: &Tokenizer, seed: u64, texts: usize) {
    assert!(matches!(counter.way(), Way::Own), "{:?}", counter.way());
    let mut dice = Dice(seed);
    for number in 0..texts {
        let text = if number == 0 { String::new() } else { fuzzed(&mut dice) };
        let want = library.encode(&text).unwrap();
        assert_eq!(counter.encode(&text).unwrap(), want, "text {number}: {text:?}");
        assert_eq!(counter.count(&text).unwrap(), want.len(), "text {number}: {text:?}");
        assert_eq!(counter.count(&text).unwrap(), want.len(), "text {number}, again: {text:?}");
    }
}

fn tokenizer_json(family: &str) -> Value {
    let path = fixtures().join("tiny-models").join(family).join("tokenizer.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn both(json: &Value) -> (Counter, Tokenizer) {
    let bytes = serde_json::to_vec(json).unwrap();
    (Counter::from_json(&bytes).unwrap(), Tokenizer::from_bytes(&bytes).unwrap())
}

const QWEN: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const LLAMA: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

fn splitting(expression: &str) -> Value {
    json!({"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": false},
        {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
    ]})
}

#[test]
fn gemmas_tokens_are_those_of_the_library() {
    let library = base_model().tokenizer().unwrap();
    let counter = Counter::from_tokenizer(&library).unwrap();
    hold(&counter, &library, 1, 4000);
}

#[test]
fn every_way_of_splitting_gives_the_tokens_of_the_library() {
    let mut json = tokenizer_json("qwen2");
    let (counter, library) = both(&json);
    hold(&counter, &library, 2, 3000);
    for expression in [QWEN, LLAMA] {
        json["pre_tokenizer"] = splitting(expression);
        json["normalizer"] = json!({"type": "NFC"});
        let (counter, library) = both(&json);
        hold(&counter, &library, 3, 3000);
    }
    json["model"]["ignore_merges"] = json!(true);
    json["normalizer"] = Value::Null;
    // A word that joining never makes is a token all the same where whole words are looked up first.
    let next = json["model"]["vocab"].as_object().unwrap().len();
    json["model"]["vocab"]["zqx"] = json!(next);
    let (counter, library) = both(&json);
    assert_eq!(counter.encode("zqx zqx").unwrap()[0] as usize, next);
    hold(&counter, &library, 4, 3000);
}

/// The tokens of `vocabularies/qwen.tokens` in the order of their ids.
fn qwen_tokens() -> Vec<Vec<u8>> {
    let packed = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("vocabularies/qwen.tokens")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_end(&mut bytes).unwrap();
    let (lengths, mut rest) = bytes.split_at(151_643);
    let tokens = lengths.iter().map(|length| {
        let (token, behind) = rest.split_at(usize::from(*length));
        rest = behind;
        token.to_vec()
    });
    tokens.collect()
}

fn as_text(bytes: &[u8]) -> String {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let others: Vec<u8> = (0..=255).filter(|byte| !printable(*byte)).collect();
    let code = |byte: u8| match others.iter().position(|other| *other == byte) {
        Some(at) => 256 + at as u32,
        None => u32::from(byte),
    };
    bytes.iter().filter_map(|byte| char::from_u32(code(*byte))).collect()
}

/// The `tokenizer.json` that Qwen2.5 publishes: each token is made by its last join, in the order of ids.
fn qwen_json() -> Value {
    let tokens = qwen_tokens();
    let ranks: HashMap<&[u8], usize> = tokens.iter().enumerate().map(|(id, token)| (token.as_slice(), id)).collect();
    let mut merges = Vec::new();
    for (id, token) in tokens.iter().enumerate() {
        let mut cuts: Vec<usize> = (0..=token.len()).collect();
        while cuts.len() > 3 {
            let rank = |at: usize| ranks.get(&token[cuts[at]..cuts[at + 2]]).copied().unwrap_or(usize::MAX);
            let best = (0..cuts.len() - 2).min_by_key(|at| rank(*at)).unwrap();
            assert!(rank(best) < id, "every token is made of two earlier ones");
            cuts.remove(best + 1);
        }
        if let [_, middle, _] = cuts[..] {
            merges.push(json!([as_text(&token[..middle]), as_text(&token[middle..])]));
        }
    }
    let vocab: serde_json::Map<String, Value> =
        tokens.iter().zip(0..).map(|(token, id)| (as_text(token), json!(id))).collect();
    let mut json = tokenizer_json("qwen2");
    let added = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
    json["added_tokens"] = added
        .into_iter()
        .zip(151_643..)
        .map(|(text, id)| {
            json!({"id": id, "content": text,
        "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true})
        })
        .collect();
    json["model"]["vocab"] = vocab.into();
    json["model"]["merges"] = merges.into();
    json["pre_tokenizer"] = splitting(QWEN);
    json["normalizer"] = json!({"type": "NFC"});
    json
}

#[test]
fn qwens_tokens_are_those_of_the_library() {
    let (counter, library) = both(&qwen_json());
    hold(&counter, &library, 5, 4000);
    let packed = Counter::qwen(QwenTokens::Qwen2).unwrap();
    hold(&packed, &library, 6, 4000);
    let bench = CountBench::run(&packed, Some(&library), 1 << 21, &Cancel::default()).unwrap();
    assert!(bench.tokens > 100_000 && bench.speeds.len() == 4, "{bench:?}");
}

#[test]
fn qwens_tokens_are_those_that_tiktoken_gave() {
    let counter = Counter::qwen(QwenTokens::Qwen1).unwrap();
    let text = std::fs::read_to_string(fixtures().join("tokens/qwen.json")).unwrap();
    let cases: Vec<(String, Vec<u32>)> = serde_json::from_str(&text).unwrap();
    assert!(cases.len() > 300);
    for (text, want) in cases {
        assert_eq!(counter.encode(&text).unwrap(), want, "{text:?}");
        assert_eq!(counter.count(&text).unwrap(), want.len(), "{text:?}");
    }
}

#[test]
fn the_generations_of_qwen_differ_in_their_added_tokens() {
    let count = |tokens| Counter::qwen(tokens).unwrap().count("<think></think><tool_call><|im_end|>").unwrap();
    let counts = [QwenTokens::Qwen1, QwenTokens::Qwen2, QwenTokens::Qwen25, QwenTokens::Qwen3].map(count);
    assert_eq!(counts[3], 4);
    assert!(counts[0] == counts[1] && counts[1] > counts[2] && counts[2] > 4, "{counts:?}");
    assert_eq!(Counter::qwen(QwenTokens::Qwen3).unwrap().encode("</think>").unwrap(), [151_668]);
}

/// Joining that grows with the square of a run's length would take these runs minutes each.
#[test]
fn long_runs_have_the_tokens_of_the_library() {
    let library = base_model().tokenizer().unwrap();
    let gemma = Counter::from_tokenizer(&library).unwrap();
    let qwen = Counter::qwen(QwenTokens::Qwen3).unwrap();
    for unit in ["a", "哈", " ", "\n", "=", "7", "\0", "🙂", "<", "的一"] {
        let text = unit.repeat((1 << 18) / unit.len());
        assert_eq!(gemma.count(&text).unwrap(), library.encode(&text).unwrap().len(), "{unit:?}");
        let ids = qwen.encode(&text).unwrap();
        assert_eq!(qwen.count(&text).unwrap(), ids.len(), "{unit:?}");
        assert!(ids.len() > 1000, "{unit:?}");
    }
}

#[test]
fn what_is_not_understood_is_counted_by_the_library() {
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json = tokenizer_json("llama");
        change(&mut json);
        json
    };
    let strange = [
        changed(&|json| json["normalizer"] = json!({"type": "Lowercase"})),
        changed(&|json| json["pre_tokenizer"] = splitting(r"\w+|\W+")),
        changed(&|json| json["pre_tokenizer"]["add_prefix_space"] = json!(true)),
        changed(&|json| json["added_tokens"][1]["lstrip"] = json!(true)),
        changed(&|json| json["added_tokens"][1]["normalized"] = json!(true)),
    ];
    let mut dice = Dice(7);
    for json in strange {
        let (counter, library) = both(&json);
        let Way::Library(why) = counter.way() else { panic!("this is not understood: {}", json["pre_tokenizer"]) };
        assert_eq!(why.code, Code::TokenizerUnfamiliar);
        for _ in 0..200 {
            let text = fuzzed(&mut dice);
            assert_eq!(counter.count(&text).unwrap(), library.encode(&text).unwrap().len(), "{text:?}");
        }
    }
    let Err(error) = Counter::from_json(b"{\"model\": 5}") else { panic!("this is no tokenizer") };
    assert_eq!(error.downcast_ref::<Coded>().unwrap().code, Code::ModelFileInvalid);
}

fn conversation(dice: &mut Dice) -> Vec<Value> {
    let mut messages = Vec::new();
    if dice.below(3) == 0 {
        messages.push(json!({"role": "system", "content": fuzzed(dice)}));
    }
    for _ in 0..1 + dice.below(3) {
        messages.push(json!({"role": "user", "content": fuzzed(dice)}));
        let mut answer = json!({"role": "assistant", "content": fuzzed(dice)});
        if dice.below(4) == 0 {
            answer["loss_weight"] = json!(0.5);
        }
        messages.push(answer);
    }
    if dice.below(8) == 0 {
        let at = dice.below(messages.len());
        messages[at]["role"] = json!(dice.of(&["tool", "user", "assistant", "system"]));
    }
    messages
}

/// A row has as many tokens as its training example, or is refused by both.
fn rows_hold(rows: &RowCounter, tokenizer: &Tokenizer, template: &ChatTemplate, seed: u64) {
    let (mut dice, mut counted) = (Dice(seed), 0);
    for number in 0..200 {
        let messages = conversation(&mut dice);
        for learnt in [Learnt::EveryTurn, Learnt::LastMessage] {
            let want =
                training_example(tokenizer, template, (&messages, None), learnt).map(|example| example.ids.len());
            let got = rows.conversation(&messages, None, learnt);
            counted += usize::from(want.is_ok());
            assert_eq!(got.ok(), want.ok(), "{number}: {messages:?}");
        }
    }
    assert!(counted > 250, "{counted} were counted");
}

#[test]
fn a_row_has_the_tokens_of_its_training_example() {
    let gemma = base_model();
    let rows = RowCounter::of_model(&gemma).unwrap();
    rows_hold(&rows, &gemma.tokenizer().unwrap(), &gemma.chat_template().unwrap(), 8);
    let tiny = ModelFolder::open(&fixtures().join("tiny-models/qwen2")).unwrap();
    let (tokenizer, template) = (tiny.tokenizer().unwrap(), tiny.chat_template().unwrap());
    rows_hold(&RowCounter::of_model(&tiny).unwrap(), &tokenizer, &template, 9);
    // The same words with another text of the template go through Jinja.
    let other = ChatTemplate::new(&format!("{{# other #}}{}", template.source()), template.tokens().clone());
    let counter = Counter::from_tokenizer(&tokenizer).unwrap();
    rows_hold(&RowCounter::new(counter, Some(other.clone()), 1), &tokenizer, &other, 10);
}

#[test]
fn every_shape_of_a_row_is_counted() {
    let rows = RowCounter::chatml(Counter::qwen(QwenTokens::Qwen3).unwrap());
    let ask = json!([{"role": "user", "content": "几点退房？"}]);
    let (yes, no) =
        (json!({"role": "assistant", "content": "12点。"}), json!({"role": "assistant", "content": "不知道"}));
    let pair = rows.row(&json!({"messages": ask, "chosen": yes, "rejected": no})).unwrap();
    let alone = rows.row(&json!({"messages": [ask[0], yes]})).unwrap();
    let RowTokens::Pair { chosen, rejected } = pair else { panic!("{pair:?}") };
    assert_eq!(RowTokens::One(chosen), alone);
    assert_eq!((pair.longest(), pair.total()), (chosen.max(rejected), chosen + rejected));
    let text = rows.counter().count("早餐包含在房价里。").unwrap();
    assert_eq!(rows.row(&json!({"text": "早餐包含在房价里。"})).unwrap(), RowTokens::One(text + 1), "and its end");
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    assert_eq!(rows.row(&json!({"messages": [ask[0], yes], "tools": tools})).unwrap(), alone, "ChatML shows no tools");
    let error = rows.row(&json!({"prompt": "x"})).unwrap_err();
    assert_eq!(error.downcast_ref::<Coded>().unwrap().code, Code::InputInvalid);
    let error = rows.row(&json!({"messages": ask})).unwrap_err();
    assert_eq!(error.downcast_ref::<Coded>().unwrap().code, Code::TemplateInvalid);
}
