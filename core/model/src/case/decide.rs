//! What a case becomes by a request.

use super::{
    Case, CaseClock, CaseLevel, CaseLimits, CaseRefusal, CaseRequest, CaseRole, CaseState,
    DelayRequest, Handling, Joint, JointState, Requester,
    action::{CaseAction, CaseVerb},
    moves::{To, find_move},
};
use crate::{OrgNodeId, RecordId, Timestamp, text::TextError, text::TextRule};

/// Longest reason, result or remark, in characters.
const TEXT_CHARS: usize = 500;
/// Most units of one case that are whistled for.
const MAX_UNITS: usize = 20;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

impl CaseAction {
    /// Whether the text it carries may stand, as [`Case::decide`] asks.
    pub fn check_text(&self) -> Result<(), CaseRefusal> {
        self.text().map_or(Ok(()), check_text)
    }
}

impl Case {
    /// What the case becomes, or why the request is not granted. Pure: the
    /// same case, request and time give the same answer, so a phone can say
    /// beforehand what the server will.
    ///
    /// `incident` is the record the case belongs to.
    pub fn decide(
        &self,
        incident: RecordId,
        request: &CaseRequest,
        requester: &Requester,
        limits: &CaseLimits,
        at: Timestamp,
    ) -> Result<Self, CaseRefusal> {
        if let Some(seen) = request.seen_version
            && seen != self.version
        {
            return Err(CaseRefusal::Stale {
                seen,
                now: self.version,
            });
        }
        let verb = request.action.verb();
        let Some(row) = find_move(verb, self.state) else {
            return Err(match self.unit {
                Some(unit) if verb == CaseVerb::Assign => CaseRefusal::AlreadyAssigned { unit },
                _ => CaseRefusal::WrongState {
                    verb,
                    state: self.state,
                },
            });
        };
        let may = requester
            .roles
            .iter()
            .any(|role| row.admits(*role, self.level));
        if !may {
            return Err(CaseRefusal::NotYours { verb });
        }
        request.action.check_text()?;
        let mut next = self.clone();
        next.apply(incident, &request.action, requester, limits, at)?;
        next.take_first(verb, requester);
        if next.handler.is_some() && next.first_handler.is_none() {
            next.first_handler = next.handler;
        }
        next.state = match row.to {
            To::Same => self.state,
            To::State(state) => state,
            To::BeforeMerge => next.before_merge.take().unwrap_or(CaseState::Reported),
            To::NextApproval => next.approve(limits, at),
        };
        if next.state == CaseState::Closed && self.state != CaseState::Closed {
            next.closed_at = Some(at);
        }
        next.version += 1;
        Ok(next)
    }

    /// What the verb does beside leading somewhere.
    fn apply(
        &mut self,
        incident: RecordId,
        action: &CaseAction,
        requester: &Requester,
        limits: &CaseLimits,
        at: Timestamp,
    ) -> Result<(), CaseRefusal> {
        match action {
            CaseAction::File => self.restart(limits, at),
            CaseAction::Void { .. } => self.end_clock(at),
            CaseAction::Merge { into } => {
                if *into == incident {
                    return Err(CaseRefusal::OfItself);
                }
                self.merged_into = Some(*into);
                self.before_merge = Some(self.state);
            }
            CaseAction::Unmerge { .. } => self.merged_into = None,
            CaseAction::HandleOnSpot { .. } => {
                if self.clock.is_none() {
                    self.restart(limits, at);
                }
                self.handler = Some(requester.person);
                self.end_clock(at);
            }
            CaseAction::Assign { unit } => self.give_to(*unit),
            CaseAction::Recall { .. } => self.unit = None,
            CaseAction::Transfer { unit, .. } => {
                if self.is_arbitrated {
                    return Err(CaseRefusal::Arbitrated);
                }
                self.give_to(*unit);
            }
            CaseAction::Arbitrate { unit, .. } => {
                self.give_to(*unit);
                self.is_arbitrated = true;
            }
            CaseAction::Escalate { .. } => self.change_level(self.level.above(), limits, at)?,
            CaseAction::HandDown { .. } => self.change_level(self.level.below(), limits, at)?,
            CaseAction::Sign => self.handler = Some(requester.person),
            CaseAction::Refuse { .. } => {
                if self.is_arbitrated {
                    return Err(CaseRefusal::Arbitrated);
                }
                self.unit = None;
                self.refusals = self.refusals.saturating_add(1);
            }
            CaseAction::RequestJoint { units, .. } => self.whistle(units, requester)?,
            CaseAction::DecideJoint { unit, is_agreed } => {
                let joint = self.joint_at(*unit, &[JointState::Asked])?;
                joint.state = if *is_agreed {
                    JointState::Called
                } else {
                    JointState::Declined
                };
            }
            CaseAction::Arrive { unit } => {
                check_member(requester, *unit)?;
                let joint = self.joint_at(*unit, &[JointState::Called])?;
                joint.state = JointState::Arrived;
                joint.arrived_at = Some(at);
            }
            CaseAction::ReportJoint { unit, result } => {
                check_member(requester, *unit)?;
                let joint = self.joint_at(*unit, &[JointState::Arrived])?;
                joint.state = JointState::Done;
                joint.result = Some(result.trim().to_owned());
            }
            CaseAction::RateJoint { unit, stars } => {
                check_stars(*stars)?;
                let joint = self.joint_at(*unit, &[JointState::Done])?;
                if joint.asked_by != requester.person {
                    return Err(CaseRefusal::NotYours {
                        verb: action.verb(),
                    });
                }
                joint.stars = Some(*stars);
            }
            CaseAction::RequestDelay { days, reason } => self.ask_delay(*days, reason, limits)?,
            CaseAction::DecideDelay { is_granted, .. } => {
                let delay = self.delay.take().ok_or(CaseRefusal::Delay)?;
                if *is_granted && let Some(clock) = &mut self.clock {
                    clock.extra_days = clock.extra_days.saturating_add(delay.days);
                }
            }
            CaseAction::Pause { .. } => {
                let clock = self.clock.as_mut().ok_or(CaseRefusal::Clock)?;
                if clock.is_stopped() {
                    return Err(CaseRefusal::Clock);
                }
                clock.stop(at);
            }
            CaseAction::Continue => {
                let clock = self.clock.as_mut().ok_or(CaseRefusal::Clock)?;
                if !clock.is_stopped() {
                    return Err(CaseRefusal::Clock);
                }
                clock.go_on(at);
            }
            CaseAction::HandIn { .. } => {
                let open = self.joint.values().filter(|joint| joint.is_open()).count();
                if open > 0 {
                    return Err(CaseRefusal::JointOpen(open));
                }
                self.handler = Some(requester.person);
                self.delay = None;
                self.end_clock(at);
            }
            CaseAction::Explain { .. } => self.delay = None,
            CaseAction::Approve | CaseAction::Disapprove { .. } => {
                if self.handling != Handling::Approval {
                    return Err(CaseRefusal::OtherHandling);
                }
                self.handler = Some(requester.person);
                if matches!(action, CaseAction::Disapprove { .. }) {
                    self.end_clock(at);
                }
            }
            CaseAction::VerifyPass | CaseAction::VerifyFail { .. } => {
                let of_unit = self
                    .unit
                    .is_some_and(|unit| requester.units.contains(&unit));
                if self.handler == Some(requester.person) || of_unit {
                    return Err(CaseRefusal::OwnWork);
                }
                if matches!(action, CaseAction::VerifyFail { .. }) {
                    self.take_up_again(at);
                }
            }
            CaseAction::Rate { stars } => {
                check_stars(*stars)?;
                self.rating = Some(*stars);
            }
            CaseAction::Reopen { .. } => {
                let closed = self.closed_at.unwrap_or(at);
                let limit = i64::from(limits.reopen_days) * DAY_MS;
                if at.as_millis().saturating_sub(closed.as_millis()) > limit {
                    return Err(CaseRefusal::TooLate {
                        days: limits.reopen_days,
                    });
                }
                self.reopened = self.reopened.saturating_add(1);
                self.rating = None;
                self.restart(limits, at);
            }
            CaseAction::Supervise { card, .. } => self.supervision = Some(*card),
            CaseAction::Unsupervise { .. } => self.supervision = None,
            CaseAction::Resume
            | CaseAction::Feedback { .. }
            | CaseAction::Archive
            | CaseAction::Note { .. } => {}
            CaseAction::NameFirstAsked { person, .. } => {
                if self.first_asked == Some(*person) {
                    return Err(CaseRefusal::SamePerson);
                }
                self.first_asked = Some(*person);
            }
        }
        Ok(())
    }

    /// Of a report that nobody with an account made or took, whoever takes it up
    /// first is asked first (首问责任), and stays so wherever the case goes.
    fn take_first(&mut self, verb: CaseVerb, requester: &Requester) {
        let takes_up = matches!(
            verb,
            CaseVerb::File | CaseVerb::HandleOnSpot | CaseVerb::Escalate
        );
        if self.first_asked.is_none() && takes_up && !requester.is_clockwork() {
            self.first_asked = Some(requester.person);
        }
    }

    fn restart(&mut self, limits: &CaseLimits, at: Timestamp) {
        let limit = limits.limit(self.level, self.handling, self.urgency);
        self.clock = Some(CaseClock::start(limit, at));
    }

    fn end_clock(&mut self, at: Timestamp) {
        if let Some(clock) = &mut self.clock {
            clock.go_on(at);
            clock.ended = Some(at);
        }
    }

    /// A result was found wanting: the time since it was handed in does not
    /// count against the handler.
    fn take_up_again(&mut self, at: Timestamp) {
        if let Some(clock) = &mut self.clock
            && let Some(ended) = clock.ended.take()
        {
            clock.stop(ended);
            clock.go_on(at);
        }
    }

    fn give_to(&mut self, unit: OrgNodeId) {
        self.unit = Some(unit);
        self.handler = None;
        self.delay = None;
    }

    /// Another level's desk is responsible from now on; its limit starts anew.
    fn change_level(
        &mut self,
        to: Option<CaseLevel>,
        limits: &CaseLimits,
        at: Timestamp,
    ) -> Result<(), CaseRefusal> {
        self.level = to.ok_or(CaseRefusal::NoLevel(self.level))?;
        self.unit = None;
        self.handler = None;
        self.delay = None;
        self.restart(limits, at);
        Ok(())
    }

    /// One level approved: the next one is to, or it is done.
    fn approve(&mut self, limits: &CaseLimits, at: Timestamp) -> CaseState {
        let Some(level) = self.level.above() else {
            self.end_clock(at);
            return CaseState::Handled;
        };
        self.level = level;
        self.restart(limits, at);
        CaseState::Filed
    }

    fn whistle(&mut self, units: &[OrgNodeId], requester: &Requester) -> Result<(), CaseRefusal> {
        let known = self.joint.len();
        if units.is_empty() || known + units.len() > MAX_UNITS {
            return Err(CaseRefusal::Units { max: MAX_UNITS });
        }
        // What a desk asks for needs nobody's consent; what a handler asks for
        // the desk looks at first (由处置单位发起，中心人员审核).
        let is_desk = requester
            .roles
            .iter()
            .any(|role| role.desk_level().is_some_and(|level| level >= self.level));
        let state = if is_desk {
            JointState::Called
        } else {
            JointState::Asked
        };
        for unit in units {
            let is_in = self.joint.get(unit).is_some_and(Joint::is_open);
            if is_in || self.unit == Some(*unit) {
                return Err(CaseRefusal::Joint { unit: *unit });
            }
            self.joint
                .insert(*unit, Joint::new(state, requester.person));
        }
        Ok(())
    }

    fn joint_at(
        &mut self,
        unit: OrgNodeId,
        states: &[JointState],
    ) -> Result<&mut Joint, CaseRefusal> {
        self.joint
            .get_mut(&unit)
            .filter(|joint| states.contains(&joint.state))
            .ok_or(CaseRefusal::Joint { unit })
    }

    fn ask_delay(
        &mut self,
        days: u16,
        reason: &str,
        limits: &CaseLimits,
    ) -> Result<(), CaseRefusal> {
        if self.delay.is_some() {
            return Err(CaseRefusal::Delay);
        }
        let granted = self.clock.as_ref().map_or(0, |clock| clock.extra_days);
        let max = limits.longest_delay.saturating_sub(granted);
        if days == 0 || days > max {
            return Err(CaseRefusal::DelayTooLong { max });
        }
        self.delay = Some(DelayRequest {
            days,
            reason: reason.trim().to_owned(),
        });
        Ok(())
    }
}

fn check_member(requester: &Requester, unit: OrgNodeId) -> Result<(), CaseRefusal> {
    if requester.units.contains(&unit) && requester.roles.contains(&CaseRole::JointHandler) {
        Ok(())
    } else {
        Err(CaseRefusal::Joint { unit })
    }
}

fn check_stars(stars: u8) -> Result<(), CaseRefusal> {
    if (1..=5).contains(&stars) {
        Ok(())
    } else {
        Err(CaseRefusal::Stars)
    }
}

fn check_text(text: &str) -> Result<(), CaseRefusal> {
    match TextRule::lines(TEXT_CHARS).required().apply(text) {
        Ok(_) => Ok(()),
        Err(TextError::Empty) => Err(CaseRefusal::TextMissing),
        Err(TextError::TooLong { limit, .. }) => Err(CaseRefusal::TextTooLong { max: limit }),
        Err(TextError::Nul { .. } | TextError::DirectionOverride { .. }) => {
            Err(CaseRefusal::BadCharacters)
        }
    }
}
