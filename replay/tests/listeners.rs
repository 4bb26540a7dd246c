//! Goal: whoever listens hears a run whole, in order, with the state of the moment.
//! Method: the tiny day through the program, heard again by listeners that check what they hear.

mod support;

use clearing::ClearingHouse;
use domain::{Effect, Event, Sequence, Timestamp};
use replay::again::rerun_with;
use replay::failure::{Answer, FOUND, Failure};
use replay::listener::Listener;
use replay::opened::Run;
use support::{runs, tiny};

/// Counts what it hears and checks the order; fails at an event of choice.
#[derive(Default)]
struct Counting {
    begun: u64,
    events: u64,
    effects: u64,
    reached: u64,
    finished: bool,
    fail_at: Option<u64>,
}

impl Listener for Counting {
    fn begin(&mut self) -> Answer<()> {
        *self = Counting { begun: self.begun + 1, fail_at: self.fail_at, ..Counting::default() };
        Ok(())
    }

    fn event(&mut self, event: &Event, effects: &[Effect], house: &ClearingHouse) -> Answer<()> {
        self.events += 1;
        self.effects += effects.len() as u64;
        assert_eq!(event.sequence.number(), self.events, "no event is left out");
        assert_eq!(house.sequence(), event.sequence, "the state is that of the moment");
        if self.fail_at == Some(self.events) {
            let place = std::path::Path::new("listener");
            return Err(Failure::about(FOUND, "test.failed", place, "as planted"));
        }
        Ok(())
    }

    fn reached(&mut self, sequence: Sequence, _at: Timestamp) -> Answer<()> {
        assert_eq!(sequence.number(), self.events, "heard before it is durable");
        self.reached = sequence.number();
        Ok(())
    }

    fn finish(&mut self, house: &ClearingHouse) -> Answer<()> {
        assert_eq!(house.sequence().number(), self.events);
        self.finished = true;
        Ok(())
    }
}

/// Hears the tiny day up to `until`.
fn hear(run: &Run, until: Option<u64>, listeners: &mut [&mut dyn Listener]) -> Answer<u64> {
    let heard = rerun_with(run, until.map(Sequence::new), listeners)?;
    assert_eq!(heard.statistics.events, heard.house.sequence().number());
    Ok(heard.statistics.events)
}

#[test]
fn a_run_is_heard_whole_or_up_to_an_event() {
    let folder = runs();
    let (place, document) = tiny(folder.path(), &[]);
    let run = Run::open(&place).expect("a finished run");
    let count = |key: &str| document["counts"][key].as_u64().expect("a count");
    let (mut one, mut two) = (Counting::default(), Counting::default());
    let events = hear(&run, None, &mut [&mut one, &mut two]).expect("it can be heard");
    for heard in [one, two] {
        assert_eq!((heard.events, heard.effects), (count("events"), count("effects")));
        assert_eq!((heard.begun, heard.reached, heard.finished), (1, events, true));
    }
    let mut cut = Counting::default();
    assert_eq!(hear(&run, Some(100), &mut [&mut cut]).expect("it can be heard"), 100);
    assert!(cut.finished && cut.events == 100);
}

#[test]
fn a_listener_that_fails_ends_it_with_its_failure() {
    let folder = runs();
    let (place, _) = tiny(folder.path(), &[]);
    let run = Run::open(&place).expect("a finished run");
    let mut failing = Counting { fail_at: Some(10), ..Counting::default() };
    let mut after = Counting::default();
    let failure = hear(&run, None, &mut [&mut failing, &mut after]).expect_err("as planted");
    let Failure::Said { exit, errors } = failure else { panic!("it is said") };
    assert_eq!((exit, errors.errors[0].code.as_str()), (FOUND, "test.failed"));
    assert!(!failing.finished && failing.events == 10 && after.events == 9);
}

#[test]
fn a_record_that_the_journal_does_not_meet_is_a_finding() {
    let folder = runs();
    let (place, _) = tiny(folder.path(), &[]);
    let mut run = Run::open(&place).expect("a finished run");
    run.state_digest = "00".repeat(32);
    let failure = hear(&run, None, &mut []).expect_err("the digest differs");
    let Failure::Said { exit, errors } = failure else { panic!("it is said") };
    assert_eq!((exit, errors.errors[0].code.as_str()), (FOUND, "run.differs"));
    run.semantics += 1;
    let failure = hear(&run, None, &mut []).expect_err("other semantics");
    let Failure::Said { exit, errors } = failure else { panic!("it is said") };
    assert_eq!((exit, errors.errors[0].code.as_str()), (3, "journal.semantics"));
}
