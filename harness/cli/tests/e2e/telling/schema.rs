//! The published schemas and the real files agree, in both directions.

use std::fs;
use std::path::Path;
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};
use spanfate_model::quantity::unit::{ByteSize, Period, Rate};
use spanfate_model::scenario::expect::Condition;

use crate::lab::{lab, root};

/// A schema, ready to be asked.
struct Schema {
    known: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new(text: Value) -> Self {
        let (mut known, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("urn:under-test", text).unwrap();
        // A schema that is none itself is refused here.
        let index = compiler.compile("urn:under-test", &mut known).unwrap_or_else(|e| panic!("{e:#}"));
        Self { known, index }
    }

    fn refusal(&self, value: &Value) -> Option<String> {
        self.known.validate(value, self.index).err().map(|error| format!("{error:#}"))
    }

    #[track_caller]
    fn assert_fits(&self, value: &Value, what: &str) {
        assert_eq!(self.refusal(value), None, "{what}");
    }
}

fn printed(format: &str) -> Value {
    let out = spanfate().args(["schema", format]).output().unwrap();
    serde_json::from_slice(&out.stdout).unwrap()
}

fn spanfate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanfate"));
    command.current_dir(root());
    command
}

fn toml(text: &str) -> Value {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Whether the program takes a scenario.
fn is_taken(text: &str, folder: &Path) -> bool {
    let path = folder.join("asked.toml");
    fs::write(&path, text).unwrap();
    spanfate().arg("validate").arg(path).output().unwrap().status.success()
}

#[test]
fn every_scenario_that_is_shipped_documented_or_begun_fits() {
    let schema = Schema::new(printed("scenario"));
    let mut asked = 0;
    let mut ask = |text: &str| {
        schema.assert_fits(&toml(text), text);
        asked += 1;
    };
    for entry in fs::read_dir(root().join("scenarios")).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            ask(&fs::read_to_string(path).unwrap());
        }
    }
    let readme = fs::read_to_string(root().join("scenarios/README.md")).unwrap();
    for block in readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
        // The others are pieces of one.
        if block.starts_with("name =") {
            ask(block);
        }
    }
    let folder = tempfile::TempDir::new().unwrap();
    for kind in ["http", "chain", "own"] {
        let path = folder.path().join(format!("{kind}.toml"));
        let out = spanfate().args(["new", "--kind", kind]).arg(&path).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        ask(&fs::read_to_string(path).unwrap());
    }
    assert!(asked >= 8 + 3 + 3, "{asked}");
}

#[test]
fn mistakes_are_refused_where_the_program_refuses_them() {
    let schema = Schema::new(printed("scenario"));
    let folder = tempfile::TempDir::new().unwrap();
    let good =
        "#:schema ../docs/schema/scenario.schema.json\nname = 'x'\n[load]\nrate = '500/s'\nlasting = '1s'\n";
    schema.assert_fits(&toml(good), good);
    assert!(is_taken(good, folder.path()));
    for (wrong, place) in [
        (good.replace("lasting", "lastign"), "/load"),
        (good.replace("500/s", "500"), "/load/rate"),
        (good.replace("'500/s'", "500"), "/load/rate"),
        (good.replace("'1s'", "'1 parsec'"), "/load/lasting"),
        (good.replace("name = 'x'", "nmae = 'x'"), "nmae"),
        (format!("{good}arrival = 'poison'\n"), "/load/arrival"),
        (format!("{good}shape = {{ ramp = {{ too = '9/s' }} }}\n"), "/load/shape"),
        (format!("{good}[service]\nspans = 5\n"), "spans"),
        (format!("{good}[[service]]\nname = 'a'\nspans_per_request = 0\n"), "/service/0/spans_per_request"),
        (format!("{good}[exporter]\nsampler = 'sometimes'\n"), "/exporter/sampler"),
        (format!("{good}[exporter]\nretry = {{ enabled = true, initial = 5 }}\n"), "/exporter/retry/initial"),
        (format!("{good}[receiver]\nmax_bytes = '64'\n"), "/receiver/max_bytes"),
        (format!("{good}[[variant]]\nexporter = {{ queue = 9 }}\n"), "/variant/0"),
        (format!("{good}[[variant]]\nname = 'v'\nexporter = {{ queue = 5_000_000_000 }}\n"), "queue"),
        (format!("{good}[[expect]]\nthat = 'fate.eaten == 0'\n"), "/expect/0/that"),
        (format!("{good}[[expect]]\nthat = 'loss.rate <= 1'\n"), "/expect/0/that"),
        (format!("{good}[[fault]]\nat = '1s'\n"), "fault"),
    ] {
        let refusal = schema.refusal(&toml(&wrong)).unwrap_or_else(|| panic!("the schema takes\n{wrong}"));
        assert!(refusal.contains(place), "no {place} in {refusal}");
        assert!(!is_taken(&wrong, folder.path()), "the program takes\n{wrong}");
    }
}

#[test]
fn quantities_and_conditions_are_text_the_parsers_take() {
    let whole = printed("scenario");
    let asked = |pointer: &str| Schema::new(whole.pointer(pointer).unwrap().clone());
    let period = asked("/definitions/Load/properties/lasting");
    let rate = asked("/definitions/Ramp/properties/to");
    let size = asked("/definitions/Receiver/properties/max_bytes");
    let condition = asked("/definitions/Expect/properties/that");
    let (mut taken, mut refused) = (0, 0);
    let mut agree = |schema: &Schema, text: &str, parsed: bool| {
        assert_eq!(schema.refusal(&json!(text)).is_none(), parsed, "`{text}`");
        if parsed { taken += 1 } else { refused += 1 }
    };
    let numbers =
        ["1", "30", "1.5", ".5", "5.", "1_000", "_1", "1._5", "", ".", "_", "1.2.3", "-1", "1e3", "one"];
    let units =
        ["ns", "us", "ms", "s", "min", "h", "/s", "/min", "B", "kB", "MiB", "GiB", "S", "msx", "", "%"];
    for number in numbers {
        for unit in units {
            for text in [format!("{number}{unit}"), format!(" {number} {unit} ")] {
                agree(&period, &text, Period::try_from(text.clone()).is_ok());
                agree(&rate, &text, Rate::try_from(text.clone()).is_ok());
                agree(&size, &text, ByteSize::try_from(text.clone()).is_ok());
            }
        }
    }
    let figures =
        ["loss.rate", "delay.p99.9", "duplicates", "fate.export_failed.timeout", "fate.eaten", "lossXrate"];
    let bounds =
        ["0", "1e3", "-.5", "+5.", "0.1 %", "5%", "2s", "\"30ms\"", "\"1 %\"", "% 5", "1 2", "", "x", "2 s "];
    for figure in figures {
        for sign in ["<=", "<", "==", ">=", ">", "=", "=>", ""] {
            for bound in bounds {
                for text in [format!("{figure} {sign} {bound}"), format!(" {figure}{sign}{bound} ")] {
                    agree(&condition, &text, Condition::try_from(text.clone()).is_ok());
                }
            }
        }
    }
    assert!(taken > 100 && refused > 100, "{taken} {refused}");
}

/// Allows no field that the schema does not describe.
fn closed(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        if fields.get("properties").is_some_and(Value::is_object)
            && fields.get("type") == Some(&json!("object"))
        {
            fields.insert("additionalProperties".to_owned(), json!(false));
        }
        for value in fields.values_mut() {
            *value = closed(value.take());
        }
    }
    if let Some(items) = schema.as_array_mut() {
        for value in items {
            *value = closed(value.take());
        }
    }
    schema
}

#[test]
fn a_real_result_is_what_its_schema_says_and_nothing_more() {
    let Some(lab) = lab() else { return };
    // Two services, two trials, an expectation, planted losses: as many parts of a result as one short run can have.
    let done = lab.run(
        "trials = 2\n[load]\nrate = '200/s'\nwarmup = '200ms'\nlasting = '800ms'\nshape = { ramp = { to = '300/s' } }\n\
         [[service]]\nname = 'a'\ncalls = ['b']\n[[service]]\nname = 'b'\nfixture = 'grpc'\nwitness = 'full'\n\
         [[variant]]\nname = 'small'\nexporter = { queue = 64, batch = 16, retry = { enabled = false } }\n\
         receiver = { answer_after = '20ms' }\n[[variant]]\nname = 'witnessed'\nwitness = 'full'\n\
         [[expect]]\nthat = 'loss.rate <= 100 %'\n[plant]\ndiscard_acknowledged = 3\n",
    );
    let result: Value = serde_json::from_slice(&fs::read(done.run.join("result.json")).unwrap()).unwrap();
    let trial = "/variants/0/trials/0";
    let id = format!("{trial}/ledger/unexplained/ids/0/span");
    assert!(result.pointer(&id).is_some_and(Value::is_string), "{}{}", done.stdout, done.stderr);
    let schema = Schema::new(printed("result"));
    schema.assert_fits(&result, "result.json");
    Schema::new(closed(printed("result"))).assert_fits(&result, "result.json without room for more");

    let changed = |pointer: &str, value: Value| {
        let mut copy = result.clone();
        *copy.pointer_mut(pointer).unwrap() = value;
        schema.refusal(&copy)
    };
    assert_eq!(changed("/environment", with(&result["environment"], "added_later", json!(1))), None);
    for (pointer, wrong) in [
        ("/format".to_owned(), json!("2.0")),
        ("/verdict".to_owned(), json!("fine")),
        ("/plan/load/rate".to_owned(), json!(200)),
        ("/plan/trials/0/seed".to_owned(), json!(7)),
        (id, json!("5b")),
        (format!("{trial}/ledger/fates/received/total"), json!(-1)),
        (format!("{trial}/ledger/copies"), json!({ "one": 1 })),
        (format!("{trial}/ledger"), json!({})),
    ] {
        assert!(changed(&pointer, wrong).is_some(), "{pointer} may be anything");
    }
}

fn with(value: &Value, key: &str, added: Value) -> Value {
    let mut copy = value.clone();
    copy[key] = added;
    copy
}

#[test]
fn contracts_are_refused_where_the_program_refuses_them() {
    let schema = Schema::new(printed("contract"));
    let good = json!({
        "version": 1, "service": "shop", "loss": "0.1 %",
        "spans": [{"name": "a", "kind": "server", "arrive": 10, "loss": "0 %", "attributes": {
            "n": "int", "any": null, "tier": {"type": "string", "values": ["gold"]}
        }}, {"name": "b", "arrive": "99.5%"}],
        "metrics": ["up", {"name": "d", "unit": "s", "instrument": "histogram"}],
        "logs": {"fields": ["user_id"]}, "alert": {"template": "p99 > 1", "fields": ["p99"]},
    });
    schema.assert_fits(&good, "a contract");
    for (pointer, wrong) in [
        ("/version", json!(2)),
        ("/loss", json!("101 %")),
        ("/loss", json!(0.1)),
        ("/spans/0/kind", json!("servr")),
        ("/spans/0/arrive", json!(0)),
        ("/spans/0/attributes/n", json!("integer")),
        ("/spans/0/attributes/tier/values", json!([])),
        ("/metrics/1/instrument", json!("summary")),
        ("/logs/fields", json!("user_id")),
        ("/alert", json!({"template": "x", "fields": ["x"], "colour": 1})),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = wrong.clone();
        assert!(schema.refusal(&value).is_some(), "{pointer}: {wrong}");
    }
    let mut value = good.clone();
    value["spanz"] = json!([]);
    assert!(schema.refusal(&value).is_some());
    value = good;
    value["spans"][0].as_object_mut().unwrap().remove("name");
    assert!(schema.refusal(&value).is_some());
}
