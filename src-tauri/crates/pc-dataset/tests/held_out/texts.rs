//! Layouts: what is true, and what is nothing, put into chats, forms, tables, mail, logs and JSON within texts, with places kept.
//! Deliberately absent: what is put in.

use pc_dataset::privacy::Kind;
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::{STRUCTURED, kinds, nothing, people};

pub fn pick(rng: &mut StdRng, list: &[&'static str]) -> &'static str {
    list.choose(rng).expect("lists are not empty")
}

pub fn digits(rng: &mut StdRng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + rng.random_range(0..10))).collect()
}

/// A text and what is true of it: kind and bytes.
#[derive(Debug, Default)]
pub struct Text {
    pub text: String,
    pub truth: Vec<(Kind, usize, usize)>,
}

impl Text {
    pub fn say(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn put(&mut self, kind: Kind, (before, thing, after): (&str, String, &str)) {
        self.say(before);
        let start = self.text.len();
        self.say(&thing);
        self.truth.push((kind, start, self.text.len()));
        self.say(after);
    }

    /// Something of a structured kind.
    fn structured(&mut self, rng: &mut StdRng) {
        let kind = STRUCTURED[rng.random_range(0..STRUCTURED.len())];
        let (before, thing, after) = kinds::one(rng, kind);
        self.put(kind, (before, thing, after));
    }

    /// Somebody, or where they live, or their password.
    fn somebody(&mut self, rng: &mut StdRng) {
        match rng.random_range(0..10) {
            0..6 => {
                let name = people::name(rng);
                self.put(Kind::Name, name);
            }
            6..9 => {
                let before = pick(rng, &["地址：", "住在", "寄到 ", "送到", "address: ", "I live at ", ""]);
                self.put(Kind::Address, (before, people::address(rng), ""));
            }
            _ => {
                let before = pick(rng, &["密码：", "password: ", "登录密码是", "pwd="]);
                let word = format!("{}{}", pick(rng, &["Hotel#", "qwErt", "xiaomi_", "Zz!"]), digits(rng, 4));
                self.put(Kind::Password, (before, word, ""));
            }
        }
    }

    fn something(&mut self, rng: &mut StdRng) {
        match rng.random_range(0..5) {
            0 | 1 => self.structured(rng),
            2 | 3 => self.somebody(rng),
            _ => self.say(&nothing::one(rng)),
        }
    }
}

/// One text in any layout.
pub fn any(rng: &mut StdRng) -> Text {
    let mut text = Text::default();
    match rng.random_range(0..8) {
        0 => chat(&mut text, rng),
        1 => form(&mut text, rng),
        2 => table(&mut text, rng),
        3 => mail(&mut text, rng),
        4 => log(&mut text, rng),
        5 => json(&mut text, rng),
        6 => mixed(&mut text, rng),
        _ => sentence(&mut text, rng),
    }
    text
}

/// An export of a work chat.
fn chat(text: &mut Text, rng: &mut StdRng) {
    for _ in 0..rng.random_range(2..5) {
        let (hour, minute) = (rng.random_range(10..24), rng.random_range(10..60));
        text.say(&format!(
            "[2025-03-1{} {hour}:{minute}:05] {}: ",
            rng.random_range(0..9),
            pick(rng, &["客服03", "guest_7781", "前台", "机器人"])
        ));
        text.say(pick(rng, &["好的，", "您好，", "收到，", "嗯嗯 ", "稍等哈，", ""]));
        text.something(rng);
        text.say(pick(rng, &["，麻烦了", "。", " 谢谢~", "[微笑]", "！", ""]));
        text.say("\n");
    }
}

/// A form whose lines are `label: value`.
fn form(text: &mut Text, rng: &mut StdRng) {
    for label in ["备注", "登记项", "补充", "Remark"].iter().take(rng.random_range(1..5)) {
        text.say(&format!("{label}{}", pick(rng, &["：", ": ", "\t", " | "])));
        text.something(rng);
        text.say("\n");
    }
}

/// Rows of Markdown or CSV.
fn table(text: &mut Text, rng: &mut StdRng) {
    let comma = rng.random_range(0..2) == 0;
    let (open, between, close) = if comma { ("", ",", "\n") } else { ("| ", " | ", " |\n") };
    for _ in 0..rng.random_range(1..4) {
        text.say(open);
        text.something(rng);
        text.say(between);
        text.say(&nothing::one(rng).replace([',', '，'], " "));
        text.say(between);
        text.structured(rng);
        text.say(close);
    }
}

fn mail(text: &mut Text, rng: &mut StdRng) {
    text.say(pick(
        rng,
        &[
            "Dear team,\n\nregarding booking ",
            "Hi,\n\nfor the stay from 3 to 5 May under reference ",
            "Hello,\n\nplease update ",
        ],
    ));
    text.say(&format!("BK{}: ", digits(rng, 6)));
    text.something(rng);
    text.say(pick(rng, &[". It should be ", "; the other one is ", " and also "]));
    text.something(rng);
    text.say(".\n\nThanks\n");
}

fn log(text: &mut Text, rng: &mut StdRng) {
    text.say(&format!(
        "2025-06-0{} 08:1{}:22,{} INFO req={:08x} ",
        rng.random_range(1..9),
        rng.random_range(0..9),
        digits(rng, 3),
        rng.random::<u32>()
    ));
    text.say(pick(rng, &["value=", "got ", "payload: ", "param "]));
    text.structured(rng);
    text.say(pick(rng, &[" status=200", " took 35ms", "; retry=0", ""]));
}

/// JSON that stands within a text, as a tool's answer does.
fn json(text: &mut Text, rng: &mut StdRng) {
    text.say(pick(rng, &["查询结果 {\"data\":{\"value\":\"", "{\"code\":0,\"detail\":\"", "返回：[{\"note\":\""]));
    text.something(rng);
    text.say("\",\"trace\":\"");
    text.say(&nothing::one(rng));
    text.say("\"}");
}

/// Two languages in one breath.
fn mixed(text: &mut Text, rng: &mut StdRng) {
    text.say(pick(rng, &["客人说 please call back, ", "这个 guest 的 info 是 ", "check-in 的时候 ", "VIP客户，"]));
    text.something(rng);
    text.say(pick(rng, &["，thanks！另外 ", " OK 吗？还有 ", "; 以及 "]));
    text.something(rng);
}

fn sentence(text: &mut Text, rng: &mut StdRng) {
    text.say(pick(rng, &["如果方便的话，", "上次登记的是", "系统里显示", "他给我的是“", "(", "麻烦核对一下：", "1. "]));
    text.something(rng);
    text.say(pick(rng, &["，请在今天下班前处理。", "”，对吗？", ")", "……", "、"]));
    text.say(&nothing::one(rng));
    text.say("。");
}
