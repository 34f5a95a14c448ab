//! Names and addresses, which only their words and neighbours tell. Deliberately absent: names without a cue; the
//! measured share of what is found is in the tests.

use super::context::Context;
use super::kinds::{Certainty, Kind, Span};

/// The commonest surnames, by the Ministry of Public Security's lists and the Hundred Family Surnames.
pub(super) const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游裴席卫查屈鲍覃霍翁隋甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗";
/// Surnames of two characters.
const COMPOUND: &[&str] = &[
    "欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "长孙", "宇文", "夏侯",
    "端木", "南宫", "独孤", "百里", "东郭", "西门", "轩辕", "澹台", "闻人", "赫连", "呼延", "钟离", "太史", "申屠",
    "鲜于", "闾丘",
];
/// Words after which a name stands.
pub(super) const NAME_CUES: &[&str] = &[
    "姓名",
    "联系人",
    "收件人",
    "收货人",
    "寄件人",
    "发件人",
    "我叫",
    "名叫",
    "户名",
    "持卡人",
    "开户人",
    "申请人",
    "经办人",
    "负责人",
    "法定代表人",
    "法人代表",
    "患者",
    "住客",
    "入住人",
    "预订人",
    "预定人",
    "乘客",
    "旅客",
    "投保人",
    "被保险人",
    "委托人",
    "代理人",
    "原告",
    "被告",
    "签收人",
    "客户叫",
    "名字叫",
    "名字是",
    "紧急联系人",
    "收款人",
    "付款人",
    "报名人",
    "家长",
    "真名",
    "同行人",
    "家属",
    "担保人",
    "监护人",
    "配偶",
    "陪同人",
    "访客",
    "来访人",
    "证明人",
    "推荐人",
    "介绍人",
    "开票给",
    "转账给",
    "法人",
];
/// Words before which a name stands.
pub(super) const TITLES: &[&str] = &[
    "先生", "女士", "小姐", "老师", "经理", "主任", "医生", "教授", "同学", "师傅", "律师", "总监", "护士", "局长",
    "处长", "校长", "院长", "博士", "太太", "大夫",
];
/// English labels and titles.
pub(super) const ENGLISH_CUES: &[&str] = &[
    "Mr. ",
    "Mrs. ",
    "Ms. ",
    "Dr. ",
    "Prof. ",
    "Mr ",
    "Mrs ",
    "Ms ",
    "Miss ",
    "Name: ",
    "name: ",
    "name is ",
    "Name is ",
    "Contact: ",
    "contact: ",
    "Guest: ",
    "guest: ",
    "Recipient: ",
    "recipient: ",
    "Customer: ",
    "customer: ",
    "Patient: ",
    "patient: ",
    "Cardholder: ",
    "Attn: ",
    "Passenger: ",
    "I am called ",
    "Dear Mr. ",
    "Dear Ms. ",
    "on behalf of ",
    "regards,\n",
    "Sincerely,\n",
    "Yours,\n",
    "Cheers,\n",
];
/// Characters that begin what follows a name rather than end it.
const AFTER: &str = "的是在了和与及或、电手身男女性生年住地来去从到对向说先小同老已将要想有没请问也都就为给被把让很不会能可需预订入退办购买拨打联联系，。；：！？";
/// Characters before a name that are no part of it.
const BEFORE: &str = "的是在了和与及或请找问给为让被把向对跟由叫您到见到位帮替谢知告诉询系送达接访客";

fn han(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c) || ('\u{3400}'..='\u{4DBF}').contains(&c)
}

/// A rare first character is a stand-in's.
fn stand_in(name: &str) -> bool {
    name.chars().next().is_some_and(|c| super::stand_ins::RARE.contains(c) || ('\u{3400}'..='\u{4DBF}').contains(&c))
}

fn surname(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    COMPOUND
        .iter()
        .find(|name| text.starts_with(**name))
        .map(|name| name.len())
        .or_else(|| SURNAMES.contains(first).then(|| first.len_utf8()))
}

/// A name behind a cue that ends at the place.
pub(super) fn after_cue(context: &Context<'_>, at: usize) -> Option<Span> {
    let rest = &context.text[at..];
    let bare = rest.trim_start_matches([':', '：', ' ', '\u{3000}', '为', '是', '叫', '\t', '"', '“', '（', '(']);
    if rest.len() - bare.len() > 12 {
        return None;
    }
    let family = surname(bare)?;
    let mut end = family;
    for (count, c) in bare[family..].chars().take(2).enumerate() {
        // The second given character is left where what follows begins like other words do.
        let more = bare[end + c.len_utf8()..].chars().next();
        let stop = !han(c) || AFTER.contains(c) || count == 1 && word_follows(&bare[end..]) && more.is_some_and(han);
        if stop {
            break;
        }
        end += c.len_utf8();
    }
    let start = at + rest.len() - bare.len();
    (end > family).then(|| Span::new(Kind::Name, (start, start + end), Certainty::Likely, "chinese"))
}

/// A name behind `@`, as chats mention people: it ends where the mention does.
pub(super) fn mentioned(context: &Context<'_>, at: usize) -> Option<Span> {
    let rest = &context.text[at..];
    let end: usize = rest.chars().take(5).take_while(|c| han(*c)).map(char::len_utf8).sum();
    let name = &rest[..end];
    let given = name[surname(name)?..].chars().count();
    let ends = rest[end..].chars().next().is_none_or(char::is_whitespace);
    let free = (1..=2).contains(&given) && ends && !made_up(name);
    free.then(|| Span::new(Kind::Name, (at, at + end), Certainty::Possible, "chinese"))
}

/// Words that often follow a name without a mark between.
fn word_follows(text: &str) -> bool {
    [
        "电话", "手机", "身份", "预订", "入住", "联系", "先生", "女士", "小姐", "今年", "来自", "住在", "地址", "邮箱",
        "需要", "已经", "表示", "因为", "提出", "咨询", "申请", "反映", "您好", "你好", "工号", "护照", "卡号", "账号",
        "车牌",
    ]
    .iter()
    .any(|word| text.starts_with(word))
}

/// A name before a title that begins at the place.
pub(super) fn before_title(context: &Context<'_>, at: usize) -> Option<Span> {
    let left = context.left(at, 12);
    let places: Vec<usize> =
        left.char_indices().rev().take_while(|(_, c)| han(*c)).map(|(place, _)| place).take(4).collect();
    let base = at - left.len();
    let given = |text: &str| text.chars().all(|c| !BEFORE.contains(c) && !AFTER.contains(c));
    let mut best = None;
    for &place in &places {
        let text = &left[place..];
        let Some(family) = surname(text) else { continue };
        let given_count = text[family..].chars().count();
        let verb = [
            "感谢", "多谢", "谢谢", "通知", "方便", "安排", "安全", "时候", "高级", "项目", "任何", "全部", "关于",
            "由于", "对于", "于是", "解决", "成为", "都是", "大堂", "客房", "全体",
        ]
        .iter()
        .any(|word| {
            context.text[..base + place + text.chars().next().map_or(0, char::len_utf8)].ends_with(word)
                || text.starts_with(word)
        });
        if given_count <= 2 && given(&text[family..]) && !verb {
            best = Some((base + place, given_count));
        }
    }
    let (start, _) = best?;
    let certainty = if at - start > 3 { Certainty::Likely } else { Certainty::Possible };
    Some(Span::new(Kind::Name, (start, at), certainty, "chinese"))
}

/// Capitalised words behind an English label or title.
pub(super) fn english(context: &Context<'_>, at: usize) -> Option<Span> {
    let rest = &context.text[at..];
    let (mut end, mut words) = (0, 0);
    for word in rest.split_inclusive(' ').take(3) {
        let bare = word.trim_end_matches(' ');
        let part = |c: &char| c.is_alphabetic() && !han(*c) || matches!(c, '-' | '\'');
        let length: usize = bare.chars().take_while(part).map(char::len_utf8).sum();
        let name = &bare[..length];
        // `Smith42` and `Hall_3` are nobody's names.
        let letters = !bare[length..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '/'));
        let capital = name.chars().next().is_some_and(char::is_uppercase);
        let common = [
            "The", "This", "Please", "And", "Your", "Our", "I", "We", "Hotel", "Room", "Is", "Not", "From", "At", "In",
        ]
        .contains(&name);
        let initial = name.chars().count() == 1 && bare[length..].starts_with('.');
        if name.starts_with("Xq")
            || !letters
            || !capital
            || common
            || name.chars().count() > 24
            || name.len() < 2 && !initial
        {
            break;
        }
        words += 1;
        let start = rest[..].len() - rest[end..].trim_start().len();
        end = start + if initial { name.len() + 1 } else { name.len() };
        if name.len() != bare.len() && !initial {
            break;
        }
    }
    (words > 0).then(|| Span::new(Kind::Name, (at, at + end), Certainty::Likely, "english"))
}

/// Provinces and well-known cities with which an address begins.
const PLACES: &str = "北京 上海 天津 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 台湾 \
    广州 深圳 杭州 南京 苏州 成都 武汉 西安 长沙 郑州 青岛 济南 大连 沈阳 哈尔滨 长春 石家庄 太原 合肥 福州 厦门 南昌 昆明 贵阳 南宁 海口 兰州 西宁 银川 乌鲁木齐 呼和浩特 拉萨 宁波 温州 无锡 常州 佛山 东莞 珠海 中山 惠州 三亚 桂林 烟台 洛阳";
/// Ends of street names, the longer first.
const STREETS: &[&str] = &[
    "大道", "大街", "胡同", "路", "街", "巷", "弄", "道", "村", "小区", "花园", "广场", "大厦", "园区", "公寓", "里",
    "新村", "家园", "区", "园", "苑", "段", "组",
];
/// Ends of what stands between a house number and a room: `88号财富广场2201室`.
const HOUSES: &[&str] = &["广场", "大厦", "大楼", "中心", "公寓", "花园", "小区", "家园", "苑", "城", "座", "园"];
/// What may stand behind the house number.
const UNITS: &[&str] = &["号楼", "号院", "号", "栋", "幢", "座", "单元", "层", "楼", "室", "弄", "房", "组", "#"];

/// A Chinese address whose number begins at the place: `…路128号`.
pub(super) fn chinese_address(context: &Context<'_>, at: usize) -> Option<Span> {
    let left = context.left(at, 120);
    let street = STREETS.iter().find(|end| left.ends_with(**end))?;
    let tail = units(&context.text[at..])?;
    let run: usize = left.chars().rev().take_while(|c| han(*c) || c.is_ascii_digit()).map(char::len_utf8).sum();
    let run = &left[left.len() - run..];
    let begin = PLACES.split_whitespace().filter_map(|place| run.find(place)).min();
    let begin = begin.or_else(|| district(run)).or_else(|| road(run, street))?;
    let start = at - (run.len() - begin);
    (!run[begin..].contains("示例")).then(|| Span::new(Kind::Address, (start, at + tail), Certainty::Likely, "chinese"))
}

/// Bytes of `128号3栋2单元501室`.
fn units(text: &str) -> Option<usize> {
    let (mut end, mut parts) = (0, 0);
    while parts < 6 {
        let house = if parts > 0 { named_house(&text[end..]) } else { 0 };
        let rest = &text[end + house..];
        let digits: usize = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || ('０'..='９').contains(c))
            .map(char::len_utf8)
            .sum();
        let Some(unit) = UNITS.iter().find(|unit| digits > 0 && digits <= 24 && rest[digits..].starts_with(**unit))
        else {
            break;
        };
        // `5号线` is a line of the underground, `128号公交` one of buses.
        let after = &rest[digits + unit.len()..];
        if after.starts_with('线') || after.starts_with("公交") || after.starts_with("决议") {
            break;
        }
        end += house + digits + unit.len();
        parts += 1;
    }
    let rest = &text[end..];
    let room = rest.bytes().take_while(u8::is_ascii_digit).count();
    (parts > 0).then_some(end + if (3..=4).contains(&room) { room } else { 0 })
}

/// Bytes of a building's name before the number of a room.
fn named_house(text: &str) -> usize {
    let end: usize = text.chars().take(9).take_while(|c| han(*c)).map(char::len_utf8).sum();
    let name = &text[..end];
    if end > 0 && HOUSES.iter().any(|kind| name.ends_with(kind)) { end } else { 0 }
}

/// The beginning of `…区` or `…县` before a street.
fn district(run: &str) -> Option<usize> {
    let end =
        run.char_indices().filter(|(_, c)| matches!(c, '市' | '区' | '县' | '镇')).map(|(place, _)| place).next()?;
    let before: Vec<_> =
        run[..end].char_indices().rev().take(3).take_while(|(_, c)| !"在住到于是为址至往去位".contains(*c)).collect();
    (before.len() >= 2).then(|| before.last().map(|(place, _)| *place)).flatten()
}

fn road(run: &str, street: &str) -> Option<usize> {
    let end = run.len().checked_sub(street.len())?;
    let before: Vec<_> =
        run[..end].char_indices().rev().take(4).take_while(|(_, c)| !"在住到于是为址至往去位".contains(*c)).collect();
    (before.len() >= 2).then(|| before.last().map(|(place, _)| *place)).flatten()
}

/// `221B Baker Street, Apt 4, London`: a number, capitalised words, a kind of street.
pub(super) fn english_address(context: &Context<'_>, at: usize) -> Option<Span> {
    const KINDS: &[&str] = &[
        "Street",
        "St",
        "Road",
        "Rd",
        "Avenue",
        "Ave",
        "Boulevard",
        "Blvd",
        "Lane",
        "Ln",
        "Drive",
        "Dr",
        "Court",
        "Ct",
        "Way",
        "Place",
        "Square",
        "Terrace",
        "Parkway",
        "Highway",
    ];
    let rest = &context.text[at..];
    let number = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
    if number == 0
        || number > 6
        || rest.as_bytes().get(number) != Some(&b' ')
        || at > 0 && context.bytes[at - 1].is_ascii_alphanumeric()
    {
        return None;
    }
    let mut end = number;
    let mut street = None;
    for (count, word) in rest[number + 1..].split(' ').take(5).enumerate() {
        let bare = word.trim_end_matches([',', '.', ';', '\n', ')', '"', '!', '?']);
        if word == "Sample"
            || !bare.starts_with(|c: char| c.is_ascii_uppercase())
            || !bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'\'')
        {
            break;
        }
        end += 1 + word.len();
        if count > 0 && KINDS.contains(&bare) {
            street = Some(end - (word.len() - bare.len()));
            break;
        }
        if bare.len() != word.len() {
            break;
        }
    }
    let mut end = street?;
    // A flat, a city, a state and its code may follow, each behind a comma.
    for _ in 0..4 {
        let Some(part) = rest[end..].strip_prefix(", ") else { break };
        let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '#' | '-');
        let part = &part[..part.find(|c| !inner(c)).unwrap_or(part.len())];
        let part = part.trim_end();
        let words: Vec<_> = part.split(' ').collect();
        let good = words.len() <= 3
            && words.iter().all(|w| {
                !w.is_empty()
                    && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#' || b == b'-')
                    && !w.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            });
        if !good {
            break;
        }
        end += 2 + part.len();
    }
    // `No. 88 Jianguo Road`
    let before = ["No. ", "No.", "no. "].iter().find(|word| context.text[..at].ends_with(**word));
    let start = at - before.map_or(0, |word| word.len());
    Some(Span::new(Kind::Address, (start, at + end), Certainty::Likely, "english"))
}

/// Is the name a stand-in, or a mark of masking?
pub(super) fn made_up(text: &str) -> bool {
    stand_in(text) || text.contains(['*', '某'])
}
