//! `ollacode benchmark --suite`: runs the suite of coding tasks, and shows how many were solved.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Error, bail};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::args::{BenchmarkArguments, SuiteArguments};
use super::benchmark::render::write_table;
use super::chat::terminal::columns;
use super::signals::stopped;
use super::style::{BOLD, DIM, PLAIN, WARNING, counted, visible_name};
use super::wrap::wrapped;
use super::{CommandEnd, is_watched, note, print, print_json, warn};
use crate::app::App;
use crate::benchmark::suite::results::TryResult;
use crate::benchmark::suite::run::{SuiteOptions, SuiteProgress, SuiteRunner};
use crate::benchmark::suite::summary::{Score, SuiteResult, percent};
use crate::benchmark::suite::task::{Language, Task, tasks, version};
use crate::conversation::messages::{confinement_words, count, duration};
use crate::model::ChatModel;
use crate::model::server::ServerChat;
use crate::permission::Confinement;
use crate::sandbox::confine::ActiveConfinement;

/// Columns before the text of a row.
const LEAD: usize = 14;

/// The output of `ollacode benchmark --suite --json`; this format is stable.
#[derive(Serialize)]
struct SuiteReport {
    /// Version of the suite.
    suite: String,
    /// Languages whose tests cannot run here.
    not_tested: Vec<&'static str>,
    models: Vec<SuiteResult>,
}

pub async fn run(
    app: &App,
    models: Vec<ServerChat>,
    arguments: &BenchmarkArguments,
    stop: &CancellationToken,
) -> Result<CommandEnd, Error> {
    let all = tasks()?;
    let mut chosen = chosen(&all, &arguments.suite)?;
    let runner = SuiteRunner::create(app)?;
    check_confinement(runner.confinement(), arguments.suite.unconfined)?;
    let languages: BTreeSet<Language> = chosen.iter().map(|task| task.language).collect();
    let missing = runner.missing(&languages, stop).await?;
    if stop.is_cancelled() {
        return Ok(stopped().unwrap_or(CommandEnd::Good));
    }
    tell_missing(&missing, &languages)?;
    chosen.retain(|task| !missing.contains(&task.language));
    let options = SuiteOptions {
        try_time: arguments.suite.try_time(),
        again: arguments.suite.again,
        stop: stop.clone(),
    };
    let mut report = SuiteReport {
        suite: version(),
        not_tested: missing.into_iter().map(Language::name).collect(),
        models: Vec::new(),
    };
    for model in models {
        if stop.is_cancelled() {
            break;
        }
        let model = Arc::new(model);
        let shown = ShownProgress::new(&model.profile().name);
        let told = |progress: SuiteProgress<'_>| shown.show(&progress);
        let result = runner.run(&model, &chosen, &options, &told).await;
        shown.bar.finish_and_clear();
        let result = result?;
        if let Some(why) = &result.failure {
            warn(&format!("{}: {why}", visible_name(&result.model)));
        }
        if !arguments.json {
            print(|out| write_result(out, &result))?;
        }
        report.models.push(result);
    }
    if arguments.json {
        print_json(&report)?;
    }
    let is_broken = report.models.iter().any(|model| model.failure.is_some());
    Ok(match stopped() {
        Some(stopped) => stopped,
        None if is_broken => CommandEnd::Bad,
        None => CommandEnd::Good,
    })
}

/// The tasks that are asked for, in the order of the suite.
fn chosen<'a>(all: &'a [Task], arguments: &SuiteArguments) -> Result<Vec<&'a Task>, Error> {
    let is_named = |task: &Task, name: &str| task.name == name || task.to_string() == name;
    for name in &arguments.task {
        if !all.iter().any(|task| is_named(task, name)) {
            let known: Vec<String> = all.iter().map(Task::to_string).collect();
            let name = visible_name(name);
            bail!(
                "the suite has no task `{name}`; its tasks are {}",
                known.join(", ")
            );
        }
    }
    let is_chosen = |task: &&Task| {
        let (languages, names) = (&arguments.languages, &arguments.task);
        let has_language = languages.iter().any(|name| name == task.language.name());
        let has_name = names.iter().any(|name| is_named(task, name));
        (languages.is_empty() || has_language) && (names.is_empty() || has_name)
    };
    let chosen: Vec<&Task> = all.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        bail!("no task is in both `--languages` and `--task`");
    }
    Ok(chosen)
}

/// The model may run any command, and the tests run what it has written.
fn check_confinement(confinement: &ActiveConfinement, unconfined: bool) -> Result<(), Error> {
    if confinement.level == Confinement::Full {
        return Ok(());
    }
    let words = confinement_words(confinement.level);
    let why = confinement.why_not_full.as_deref().unwrap_or("unknown");
    if !unconfined {
        bail!(
            "the suite runs commands without approval, and {words} here ({why}); `--unconfined` \
             runs it all the same, for example in a container"
        );
    }
    warn(&format!(
        "commands of the model and of the tests run without approval, and {words}"
    ));
    Ok(())
}

/// Says which languages are left out.
fn tell_missing(missing: &[Language], wanted: &BTreeSet<Language>) -> Result<(), Error> {
    for language in missing {
        warn(&format!(
            "tasks in {} are left out: `{}` does not succeed in the sandbox",
            language.title(),
            language.probe()
        ));
    }
    if missing.len() == wanted.len() {
        bail!("there is no compiler or interpreter for any of the tasks");
    }
    Ok(())
}

/// What is being done, on a terminal; and a line for each try.
struct ShownProgress {
    model: String,
    bar: ProgressBar,
}

impl ShownProgress {
    fn new(model: &str) -> ShownProgress {
        let bar = if is_watched() {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        } else {
            ProgressBar::hidden()
        };
        ShownProgress {
            model: visible_name(model),
            bar,
        }
    }

    fn show(&self, progress: &SuiteProgress<'_>) {
        let model = &self.model;
        match progress {
            SuiteProgress::Begins { done, of } => {
                let words = begin_words(*done, *of);
                self.bar.suspend(|| note(&format!("{model}: {words}")));
                if done < of {
                    self.bar.set_message("loading the model");
                }
            }
            SuiteProgress::Working {
                task,
                number,
                of,
                try_number,
            } => self.bar.set_message(format!(
                "{model}: {task} ({number} of {of}), try {try_number}"
            )),
            SuiteProgress::Judged {
                task,
                try_number,
                result,
            } => {
                let words = try_words(*try_number, result);
                self.bar.suspend(|| note(&format!("{task}: {words}")));
            }
        }
    }
}

/// What is to be done: `30 tasks, 12 done before`.
fn begin_words(done: usize, of: usize) -> String {
    let tasks = counted(of as u64, "task");
    match done {
        0 => tasks,
        done if done == of => format!("{tasks}, done before; `--again` starts over"),
        done => format!("{tasks}, {done} done before"),
    }
}

/// How a try ended: `solved at the first try · 35.0 s`.
fn try_words(number: usize, result: &TryResult) -> String {
    let ordinal = if number == 1 { "first" } else { "second" };
    let verdict = match (result.passed, result.end.as_str()) {
        (true, _) => format!("solved at the {ordinal} try"),
        (false, "out_of_time") => format!("not solved at the {ordinal} try, out of time"),
        (false, _) => format!("not solved at the {ordinal} try"),
    };
    let why = match &result.why {
        Some(why) if !result.passed => format!(": {}", visible_name(why)),
        _ => String::new(),
    };
    let took = duration(Duration::from_secs_f64(result.seconds.max(0.0)));
    format!("{verdict}{why} · {took}")
}

fn write_result(out: &mut impl Write, result: &SuiteResult) -> io::Result<()> {
    let name = visible_name(&result.model);
    let (suite, run) = (&result.suite, result.run);
    writeln!(
        out,
        "{BOLD}{name}{PLAIN}  {DIM}suite {suite}, run {run}{PLAIN}"
    )?;
    let scores = result.languages.iter().chain([&result.all]);
    let rows: Vec<Vec<String>> = scores.map(score_row).collect();
    write_table(out, &["  language", "tasks", "pass@1", "pass@2"], &rows)?;
    let took = duration(Duration::from_secs_f64(result.seconds.max(0.0)));
    let cost = format!(
        "{took}, {} read and {} written",
        counted(result.prompt_tokens, "token"),
        count(result.reply_tokens)
    );
    row(out, "cost", &cost)?;
    if !result.unsolved.is_empty() {
        row(out, "not solved", &result.unsolved.join(", "))?;
    }
    if result.left > 0 {
        let left = counted(result.left as u64, "task");
        let text = format!("{left} left; the same command goes on");
        writeln!(out, "  {WARNING}{text}{PLAIN}")?;
    }
    writeln!(out)
}

fn score_row(score: &Score) -> Vec<String> {
    let title = Language::named(&score.name).map_or("all", Language::title);
    let share = |solved| format!("{solved} ({} %)", percent(solved, score.tasks));
    vec![
        format!("  {title}"),
        score.tasks.to_string(),
        share(score.first),
        share(score.second),
    ]
}

fn row(out: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    let text = wrapped(text, LEAD, &" ".repeat(LEAD), columns());
    writeln!(out, "  {DIM}{name:<10}{PLAIN}  {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &SuiteArguments) -> Result<Vec<String>, String> {
        let all = tasks().expect("the tasks");
        let chosen = chosen(&all, arguments).map_err(|error| error.to_string())?;
        Ok(chosen.into_iter().map(Task::to_string).collect())
    }

    fn arguments(languages: &[&str], task: &[&str]) -> SuiteArguments {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        SuiteArguments {
            languages: owned(languages),
            task: owned(task),
            ..SuiteArguments::default()
        }
    }

    #[test]
    fn tasks_are_chosen_by_language_and_name() {
        let count = |languages, task| names(&arguments(languages, task)).map(|names| names.len());
        assert_eq!(count(&[], &[]), Ok(30));
        assert_eq!(count(&["go"], &[]), Ok(5));
        assert_eq!(count(&["c", "rust"], &[]), Ok(10));
        for name in ["table-sort", "go/table-sort"] {
            let found = names(&arguments(&[], &[name]));
            assert_eq!(found, Ok(vec!["go/table-sort".to_owned()]));
        }
        let none = names(&arguments(&[], &["table"])).expect_err("no such task");
        assert!(
            none.contains("no task `table`; its tasks are rust/"),
            "{none}"
        );
        let neither = names(&arguments(&["c"], &["table-sort"]));
        assert!(neither.is_err());
    }

    #[test]
    fn nothing_runs_unconfined_unless_the_user_says_so() {
        let confinement = |level, why: Option<&str>| ActiveConfinement {
            level,
            why_not_full: why.map(str::to_owned),
        };
        let full = confinement(Confinement::Full, None);
        assert!(check_confinement(&full, false).is_ok());
        for level in [Confinement::Landlock, Confinement::None] {
            let part = confinement(level, Some("no user namespaces"));
            let refused = check_confinement(&part, false).expect_err("it is refused");
            let refused = refused.to_string();
            assert!(
                refused.contains("(no user namespaces); `--unconfined`"),
                "{refused}"
            );
            assert!(check_confinement(&part, true).is_ok());
        }
    }

    #[test]
    fn every_language_can_be_chosen() {
        for language in Language::ALL {
            let line = ["ollacode", "benchmark", "--suite", "--languages"];
            let line = line.into_iter().chain([language.name()]);
            assert!(super::super::args::Arguments::read(line).is_ok());
        }
    }

    #[test]
    fn a_result_is_a_table() {
        let score = |name: &str, tasks, first, second| Score {
            name: name.to_owned(),
            tasks,
            first,
            second,
        };
        let result = SuiteResult {
            model: "m:8b".to_owned(),
            suite: "0123abcd".to_owned(),
            run: 2,
            all: score("all", 8, 3, 4),
            languages: vec![score("go", 5, 2, 3), score("c", 3, 1, 1)],
            unsolved: vec!["go/table-sort".to_owned()],
            left: 22,
            seconds: 61.0,
            prompt_tokens: 12_345,
            reply_tokens: 678,
            ..SuiteResult::default()
        };
        let mut out = Vec::new();
        write_result(&mut out, &result).expect("a vector takes everything");
        let text = String::from_utf8_lossy(&out).into_owned();
        let text = anstream::adapter::strip_str(&text).to_string();
        let expected = "m:8b  suite 0123abcd, run 2\n\
            \x20 language  tasks    pass@1    pass@2\n\
            \x20 Go            5  2 (40 %)  3 (60 %)\n\
            \x20 C, C++        3  1 (33 %)  1 (33 %)\n\
            \x20 all           8  3 (38 %)  4 (50 %)\n\
            \x20 cost        61.0 s, 12,345 tokens read and 678 written\n\
            \x20 not solved  go/table-sort\n\
            \x20 22 tasks left; the same command goes on\n\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_is_to_be_done_is_said() {
        for (done, of, expected) in [
            (0, 30, "30 tasks"),
            (12, 30, "30 tasks, 12 done before"),
            (1, 1, "1 task, done before; `--again` starts over"),
        ] {
            assert_eq!(begin_words(done, of), expected);
        }
    }

    #[test]
    fn tries_are_told_in_a_line() {
        let result = |passed, end: &str, why: Option<&str>| TryResult {
            passed,
            end: end.to_owned(),
            why: why.map(str::to_owned),
            seconds: 35.0,
            ..TryResult::default()
        };
        for (number, result, expected) in [
            (
                1,
                result(true, "answered", None),
                "solved at the first try · 35.0 s",
            ),
            (
                2,
                result(false, "gave_up", Some("it repeats itself")),
                "not solved at the second try: it repeats itself · 35.0 s",
            ),
            (
                1,
                result(false, "out_of_time", None),
                "not solved at the first try, out of time · 35.0 s",
            ),
        ] {
            assert_eq!(try_words(number, &result), expected);
        }
    }
}
