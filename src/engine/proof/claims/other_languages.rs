//! Claims that tests pass in languages without spaces, and in Korean.

const TESTS: &[&str] = &["测试", "測試", "テスト", "테스트"];
/// Words that say it only behind the word for tests: 通过 before a verb means `by`.
const PASSING: &[&str] = &["通过", "通過", "통과", "パスし", "パスす"];
const SUCCESS: &str = "成功";
const RUNNING: &[&str] = &["运行", "執行", "执行", "運行", "実行"];
/// Verbs of what is done to tests or with them.
const CHANGING: &[&str] = &[
    "添加", "增加", "新增", "修改", "修复", "修復", "更新", "创建", "建立", "编写", "删除", "使用",
    "调用", "验证", "追加", "修正", "作成", "変更", "추가", "수정", "작성",
];
const DOUBTS: &[&str] = &[
    "没",
    "未",
    "不",
    "如果",
    "应该",
    "應該",
    "请",
    "請",
    "确保",
    "確保",
    "是否",
    "ない",
    "ません",
    "れば",
    "たら",
    "はず",
    "않",
    "못",
    "하면",
    "려면",
    "?",
    "？",
];

/// Whether a sentence says that tests pass.
pub(super) fn says_passing(sentence: &str) -> bool {
    if has(sentence, DOUBTS) {
        return false;
    }
    let mut behind = TESTS
        .iter()
        .flat_map(|tests| sentence.match_indices(tests))
        .map(|(at, tests)| &sentence[at + tests.len()..]);
    behind.any(passes) || succeeds(sentence)
}

/// Whether what stands behind the word for tests says that they pass.
fn passes(text: &str) -> bool {
    PASSING.iter().any(|passing| {
        text.split_once(passing).is_some_and(|(between, rest)| {
            let rest = rest.split(['，', ',', '、']).next().unwrap_or_default();
            !has(between, CHANGING) && !has(rest, CHANGING)
        })
    })
}

/// Whether a sentence says that a run of tests succeeds.
fn succeeds(sentence: &str) -> bool {
    let Some(at) = sentence.find(SUCCESS) else {
        return false;
    };
    let is_run = has(sentence, RUNNING) || sentence[..at].contains("テスト");
    has(sentence, TESTS) && is_run && !has(sentence, CHANGING)
}

fn has(text: &str, signs: &[&str]) -> bool {
    signs.iter().any(|sign| text.contains(sign))
}
