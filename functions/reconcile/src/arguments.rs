//! What the job is asked to do.

/// What `--help` says of the arguments.
pub const HELP: &str = "

  marked              settle what is marked, from Stripe
  overdue             ask about what is past its period, or was not asked about for a day, and end what belongs to
                      nobody any more
  missed              take the events that no endpoint took, and compare with everything that Stripe lists
  replay              do again what was nobody's, and clear old texts from the ledger
  clean               drop sessions, mails, mailed tokens and counters that are long over
  erase               erase who deleted their account 14 days ago, once nothing of theirs goes on at Stripe
                      without any of these: all six
  --dry-run           ask, tell what would be done, column by column, and change nothing";

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Settles what is marked.
    Marked,
    /// Asks about what is past its time, and ends what belongs to nobody any more.
    Overdue,
    /// Finds what was never heard of.
    Missed,
    /// Does again what was nobody's.
    Replay,
    /// Drops what is of no use any more.
    Clean,
    /// Erases who left.
    Erase,
}

/// Every pass, in the order in which they run.
const ALL: [(&str, Pass); 6] = [
    ("marked", Pass::Marked),
    ("overdue", Pass::Overdue),
    ("missed", Pass::Missed),
    ("replay", Pass::Replay),
    ("clean", Pass::Clean),
    ("erase", Pass::Erase),
];

/// What the job is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The passes, each once.
    pub passes: Vec<Pass>,
    /// Whether nothing may change.
    pub dry_run: bool,
}

impl Arguments {
    /// Reads the program's arguments; an unknown one is the error.
    pub fn read(given: &[String]) -> Result<Self, String> {
        let dry_run = given.iter().any(|argument| argument == "--dry-run");
        let named: Vec<&String> = given.iter().filter(|argument| *argument != "--dry-run").collect();
        if let Some(unknown) = named.iter().find(|named| ALL.iter().all(|(name, _)| name != *named)) {
            return Err((*unknown).clone());
        }
        let wanted = |name: &str| named.is_empty() || named.iter().any(|named| *named == name);
        let passes = ALL.iter().filter(|(name, _)| wanted(name)).map(|(_, pass)| *pass).collect();
        Ok(Self { passes, dry_run })
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Pass};

    #[track_caller]
    fn check(given: &[&str], expected: Result<(&[Pass], bool), &str>) {
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        let expected = expected
            .map(|(passes, dry_run)| Arguments { passes: passes.to_vec(), dry_run })
            .map_err(str::to_owned);
        assert_eq!(Arguments::read(&given), expected);
    }

    #[test]
    fn passes_run_in_one_order_and_once_each() {
        let all = [Pass::Marked, Pass::Overdue, Pass::Missed, Pass::Replay, Pass::Clean, Pass::Erase];
        check(&[], Ok((&all, false)));
        check(&["--dry-run"], Ok((&all, true)));
        check(&["replay", "marked", "replay"], Ok((&[Pass::Marked, Pass::Replay], false)));
        check(&["missed", "--dry-run"], Ok((&[Pass::Missed], true)));
        check(&["erase", "clean"], Ok((&[Pass::Clean, Pass::Erase], false)));
        check(&["mark"], Err("mark"));
        check(&["marked", "--dry"], Err("--dry"));
        check(&[""], Err(""));
    }
}
