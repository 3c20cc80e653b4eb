//! Finds the sites of one package of the SDK.

use spanfate_model::format::probe::{LackingSite, ProbeKind};
use spanfate_model::scenario::ebpf::{Ebpf, EbpfMode, Trap};

use super::rules::{
    BATCH, DROP, END, GROWS, ProgramPart, RULES, RUNTIME, STARTED, SitePlace, SiteRule, TRY_SEND,
};
use super::{DropSpills, FoundSites};
use crate::gobin::{Function, GoBinary, InlinedCopy};
use crate::sites;

/// Where the search is.
#[derive(Clone, Copy)]
pub(super) struct SiteSearch<'a> {
    pub(super) binary: &'a GoBinary,
    pub(super) functions: &'a [Function],
    /// Copies of them inside others.
    pub(super) copies: &'a [InlinedCopy],
    /// The package of the SDK.
    pub(super) package: &'a str,
    /// Where a batch processor has its queue, bytes.
    pub(super) queue: u32,
}

/// A send of a span to a queue: the call, the branch after it, and the slots of the processor and of the span.
struct SpanSend {
    call: u64,
    branch: u64,
    slots: DropSpills,
}

impl SiteSearch<'_> {
    /// A function's full name.
    fn name(&self, function: &str) -> String {
        if function.starts_with(RUNTIME) || function == GROWS {
            function.to_owned()
        } else {
            format!("{}.{function}", self.package)
        }
    }

    fn find(&self, function: &str) -> Option<&Function> {
        let name = self.name(function);
        self.functions.iter().find(|function| function.name == name)
    }

    fn copies(&self, function: &str) -> Vec<&InlinedCopy> {
        let name = self.name(function);
        self.copies.iter().filter(|copy| copy.name == name).collect()
    }

    /// Adds the sites of all rules that are wanted.
    pub(super) fn all(&self, wish: &Ebpf, found: &mut FoundSites) {
        let batch = self.name(BATCH);
        let has_batch = self.functions.iter().any(|function| function.name.starts_with(&batch));
        for rule in RULES.iter().filter(|rule| rule.is_wanted(wish)) {
            let needed = match rule.part {
                ProgramPart::Always => true,
                ProgramPart::Batch => has_batch,
                ProgramPart::Called => {
                    self.find(rule.function).is_some() || !self.copies(rule.function).is_empty()
                }
            };
            if needed {
                self.rule(rule, found);
            }
        }
        self.trap(wish, found);
    }

    /// Another copy of the SDK beside the one that is probed. Its structs may be others, and its snapshots are of another type, so
    /// nothing of them is read: only how many of its spans end is counted.
    pub(super) fn beside(&self, wish: &Ebpf, found: &mut FoundSites) {
        if wish.trap.is_none() {
            found.add(self.binary, "called", EbpfMode::Off, &self.places(END, SitePlace::Body));
        }
        found.lacking.push(LackingSite {
            tells: ProbeKind::Started,
            function: self.name(STARTED),
            inlined_into: Vec::new(),
            copy: true,
        });
    }

    /// Adds the sites of a rule, or what is lacking.
    fn rule(&self, rule: &SiteRule, found: &mut FoundSites) {
        if rule.function == DROP {
            return self.queue(rule, found);
        }
        let copies = self.copies(rule.function);
        let own = self.places(rule.function, rule.place);
        if copies.is_empty() && !own.is_empty() {
            return found.add(self.binary, rule.program, rule.since, &own);
        }
        // Two functions that say the same would count twice.
        let instead = rule.instead.filter(|(function, _)| self.copies(function).is_empty());
        let other = instead.map(|(function, place)| self.places(function, place)).unwrap_or_default();
        if other.is_empty() {
            found.add(self.binary, rule.program, rule.since, &own);
            self.lack(rule.tells, rule.function, &copies, found);
        } else {
            found.add(self.binary, rule.program, rule.since, &other);
        }
    }

    /// What a queue says to a span: in the function itself and in its copies, as far as these keep the span in the same slots.
    fn queue(&self, rule: &SiteRule, found: &mut FoundSites) {
        let copies = self.copies(DROP);
        let own = self.find(DROP);
        let mut unknown = false;
        let mut sites: Vec<(u64, DropSpills)> = Vec::new();
        if let Some(function) = own {
            let sent = self.sends(function).first().map(|send| (send.branch, send.slots));
            match sent.or_else(|| self.spilt(function)) {
                Some(site) => sites.push(site),
                None => unknown = true,
            }
        }
        for copy in &copies {
            let sent = self.sends(&copy.host);
            match sent.iter().find(|send| copy.contains(send.call)) {
                Some(one) => sites.push((one.branch, one.slots)),
                None => unknown = true,
            }
        }
        // The programs know of one pair of slots.
        let slots = match found.spills {
            unknown if unknown == DropSpills::default() => {
                sites.first().map(|(_, slots)| *slots).unwrap_or_default()
            }
            known => known,
        };
        found.spills = slots;
        let (known, other): (Vec<_>, Vec<_>) = sites.iter().partition(|(_, of)| *of == slots);
        let addresses: Vec<u64> = known.iter().map(|(branch, _)| *branch).collect();
        found.add(self.binary, rule.program, rule.since, &addresses);
        if addresses.is_empty() || unknown || !other.is_empty() {
            self.lack(rule.tells, DROP, &copies, found);
        }
    }

    /// Sends of spans to a processor's queue.
    fn sends(&self, function: &Function) -> Vec<SpanSend> {
        let callee = self.find(TRY_SEND).map(|callee| callee.entry);
        let (Some(callee), Some(code)) = (callee, self.binary.code(function)) else { return Vec::new() };
        let sends = sites::channel_sends(code, function.entry, callee, self.queue);
        let one = |send: &sites::ChannelSend| {
            // The value is an interface, whose second word points to the span.
            let table = u32::try_from(send.value).ok()?;
            let slots = DropSpills {
                processor: u32::try_from(send.holder).ok()?,
                table,
                span: table.checked_add(8)?,
            };
            Some(SpanSend { call: send.call, branch: send.branch, slots })
        };
        sends.iter().filter_map(one).collect()
    }

    /// The branch, and the slots that the function saves its first argument and its third in.
    fn spilt(&self, function: &Function) -> Option<(u64, DropSpills)> {
        let code = self.binary.code(function)?;
        let branch = *self.places(DROP, SitePlace::BranchAfter(TRY_SEND)).first()?;
        let at =
            |register| sites::spill(code, function.entry, register).and_then(|at| u32::try_from(at).ok());
        let slots = DropSpills {
            processor: at(sites::Register::RAX)?,
            table: at(sites::Register::RDI).unwrap_or_default(),
            span: at(sites::Register::RSI)?,
        };
        Some((branch, slots))
    }

    fn lack(&self, tells: ProbeKind, function: &str, copies: &[&InlinedCopy], found: &mut FoundSites) {
        let mut hosts: Vec<String> = copies.iter().map(|copy| copy.host.name.clone()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let function = self.name(function);
        if !found.missing.contains(&function) {
            found.missing.push(function.clone());
        }
        found.lacking.push(LackingSite { tells, function, inlined_into: hosts, copy: false });
    }

    /// Addresses of a place in a function; none where the function is not there.
    fn places(&self, function: &str, place: SitePlace) -> Vec<u64> {
        self.find(function).map(|function| self.addresses(function, place)).unwrap_or_default()
    }

    pub(super) fn addresses(&self, function: &Function, place: SitePlace) -> Vec<u64> {
        let Some(code) = self.binary.code(function) else { return Vec::new() };
        match place {
            SitePlace::Body => sites::body(code, function.entry).into_iter().collect(),
            SitePlace::Returns => sites::returns(code, function.entry),
            SitePlace::BranchAfter(callee) => {
                let callee = self.find(callee).map(|callee| callee.entry);
                callee
                    .and_then(|callee| sites::branch_after_call(code, function.entry, callee))
                    .into_iter()
                    .collect()
            }
        }
    }

    /// A site on which no probe should sit.
    fn trap(&self, wish: &Ebpf, found: &mut FoundSites) {
        let program = match wish.trap {
            Some(Trap::Entry) => "entry",
            Some(Trap::Uretprobe) => "returned",
            Some(Trap::Fentry) | None => return,
        };
        match self.find(GROWS).or_else(|| self.find(STARTED)) {
            Some(function) => {
                found.add(self.binary, program, EbpfMode::Off, &[function.entry]);
                let body = self.addresses(function, SitePlace::Body);
                found.add(self.binary, "called", EbpfMode::Off, &body);
            }
            None => found.missing.push(GROWS.to_owned()),
        }
    }
}
