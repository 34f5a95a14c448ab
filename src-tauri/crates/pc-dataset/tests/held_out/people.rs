//! Names and addresses in the forms in which people write them, with and without a word that announces them. Deliberately
//! absent: real people; names are put together at random.

use rand::Rng as _;
use rand::rngs::StdRng;

use crate::kinds::wide;
use crate::texts::pick;

/// A name: most have a frequent surname, as among people.
pub fn chinese(rng: &mut StdRng) -> String {
    let surname = if rng.random_range(0..10) < 8 {
        pick(
            rng,
            &[
                "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何",
                "林", "高", "罗",
            ],
        )
    } else {
        pick(
            rng,
            &["欧阳", "诸葛", "司徒", "上官", "蒙", "覃", "冼", "柏", "尹", "戚", "裴", "游", "褚", "艾", "占", "揭"],
        )
    };
    let given = [
        "子涵", "雨桐", "浩然", "志强", "秀英", "海燕", "国栋", "美玲", "思远", "嘉豪", "晓东", "玉兰", "文博", "军",
        "倩", "磊", "敏", "宇航", "春梅", "立新",
    ];
    format!("{surname}{}", pick(rng, &given))
}

pub fn english(rng: &mut StdRng) -> String {
    let first = pick(rng, &["Olivia", "Liam", "Noah", "Emma", "Mary-Jane", "Oscar", "Sofia", "Kenji", "Amélie", "Wei"]);
    let last = pick(
        rng,
        &["Turner", "O'Brien", "Garcia", "Müller", "Tanaka", "Kowalski", "Johansson", "Zhang", "Brown", "Dubois"],
    );
    match rng.random_range(0..4) {
        0 => last.to_owned(),
        1 => format!("{first} {}. {last}", pick(rng, &["J", "K", "M"])),
        _ => format!("{first} {last}"),
    }
}

/// What stands before the name, the name, and what stands behind.
pub fn name(rng: &mut StdRng) -> (&'static str, String, &'static str) {
    match rng.random_range(0..12) {
        0 => (
            pick(rng, &["姓名：", "姓名 ", "联系人：", "收货人:", "入住人 ", "客人姓名："]),
            chinese(rng),
            pick(rng, &["，", " ", "\n", "；"]),
        ),
        1 => (
            pick(rng, &["我叫", "我是住客", "名字叫", "预订人是", "患者"]),
            chinese(rng),
            pick(rng, &["，", "。", "，今年三十二岁"]),
        ),
        2 => (
            pick(rng, &["", "请帮", "麻烦转给", "昨天", "我找"]),
            chinese(rng),
            pick(rng, &["先生", "女士", "老师", "主任", "医生", "教授"]),
        ),
        3 => {
            let surname: String = chinese(rng).chars().take(1).collect();
            (pick(rng, &["您好，", "是", "请问"]), surname, pick(rng, &["先生", "女士", "小姐", "经理", "总监"]))
        }
        4 => (
            pick(rng, &["Mr. ", "Ms. ", "Dr. ", "Dear Mr. ", "Mrs. "]),
            english(rng),
            pick(rng, &[", ", " has arrived", ".\n", " (VIP)"]),
        ),
        5 => (
            pick(rng, &["Name: ", "Guest: ", "my name is ", "Contact: ", "Passenger: "]),
            english(rng),
            pick(rng, &["\n", ", room 802", "; "]),
        ),
        // Nothing but its form tells these.
        6 => ("", chinese(rng), pick(rng, &["说房间很好", "已退房", "（13楼）"])),
        7 => ("Best regards,\n", english(rng), "\n"),
        8 => ("开票给", chinese(rng), "，谢谢"),
        9 => (
            pick(rng, &["持卡人：", "开户名：", "户名 ", "法定代表人：", "经办人："]),
            chinese(rng),
            pick(rng, &["\n", "，", " "]),
        ),
        10 => ("@", chinese(rng), " 请处理"),
        _ => (
            pick(rng, &["同行人：", "紧急联系人", "家属", "担保人："]),
            chinese(rng),
            pick(rng, &["（父亲）", "，电话稍后补", "\n"]),
        ),
    }
}

/// An address.
pub fn address(rng: &mut StdRng) -> String {
    let n = rng.random_range(1..900).to_string();
    let room = rng.random_range(101..2_900);
    match rng.random_range(0..12) {
        0 => format!("上海市浦东新区祖冲之路{n}号{}幢{room}室", rng.random_range(1..20)),
        1 => format!("浙江省杭州市余杭区文一西路{n}号"),
        2 => format!("北京市海淀区中关村大街{}号", wide(&n)),
        3 => format!("广州市天河区体育东路{n}号财富广场{room}室"),
        4 => format!("成都市高新区天府大道中段{n}号{}栋{}单元{room}", rng.random_range(1..9), rng.random_range(1..5)),
        5 => format!("河南省信阳市固始县城关镇红苏路{n}号"),
        6 => format!("苏州工业园区星湖街{n}号"),
        7 => format!("江苏省南京市玄武区中山东路{n}弄{}号", rng.random_range(1..60)),
        8 => format!("深圳市南山区科技园南区{}栋{room}室", rng.random_range(1..30)),
        9 => format!("湖南省长沙市岳麓区桃花岭村{}组{}号", rng.random_range(1..12), rng.random_range(1..90)),
        10 => format!(
            "{n} {} {}, {}",
            pick(rng, &["Queen Victoria", "Elm", "Old Mill", "Nanjing West"]),
            pick(rng, &["Street", "Road", "Avenue", "Lane"]),
            pick(rng, &["London", "Bristol", "Austin, TX 78701", "Shanghai 200040"])
        ),
        _ => format!(
            "No. {n} {} Road, {} District, {}",
            pick(rng, &["Jianguo", "Tianhe", "Century"]),
            pick(rng, &["Chaoyang", "Pudong", "Tianhe"]),
            pick(rng, &["Beijing", "Shanghai", "Guangzhou"])
        ),
    }
}
