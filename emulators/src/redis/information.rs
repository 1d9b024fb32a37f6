//! `INFO`: what clients and monitors read of a server.
//!
//! The fields that they read are there, in Redis's sections and order. What would differ from run to run, or tell of the
//! machine, is not: memory is what the store counts, times are those of the services' clock.

use std::fmt::Write as _;

use super::call::Call;
use super::connection_commands::VERSION;
use super::error::Error;
use super::reply::Reply;
use super::server_commands::started_at;
use super::store::DATABASES;

/// A section: its name, whether it is shown when none is asked for, and what writes its fields.
struct Section {
    name: &'static str,
    is_default: bool,
    write: fn(&mut Call<'_>) -> String,
}

const fn section(name: &'static str, is_default: bool, write: fn(&mut Call<'_>) -> String) -> Section {
    Section {
        name,
        is_default,
        write,
    }
}

const SECTIONS: &[Section] = &[
    section("Server", true, server),
    section("Clients", true, clients),
    section("Memory", true, memory),
    section("Persistence", true, persistence),
    section("Stats", true, stats),
    section("Replication", true, replication),
    section("CPU", true, cpu),
    section("Modules", true, |_| String::new()),
    section("Commandstats", false, commandstats),
    section("Errorstats", true, errorstats),
    section("Latencystats", false, |_| String::new()),
    section("Cluster", true, |_| "cluster_enabled:0\r\n".to_owned()),
    section("Keyspace", true, keyspace),
];

/// `INFO [section …]`
pub fn info(call: &mut Call<'_>) -> Result<Reply, Error> {
    let arguments = call.arguments;
    let asked = |word: &str| {
        arguments
            .from(1)
            .any(|argument| argument.eq_ignore_ascii_case(word.as_bytes()))
    };
    let wants_default = arguments.len() == 1 || asked("default");
    let wants_all = asked("all") || asked("everything");
    let mut text = String::new();
    for section in SECTIONS {
        if !(wants_all || (wants_default && section.is_default) || asked(section.name)) {
            continue;
        }
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        // to write into a string cannot fail
        let _ = write!(text, "# {}\r\n{}", section.name, (section.write)(call));
    }
    Ok(Reply::Verbatim(text))
}

fn fields(pairs: &[(&str, &dyn std::fmt::Display)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{name}:{value}\r\n"))
        .collect()
}

fn server(call: &mut Call<'_>) -> String {
    let seconds = call.surroundings.clock.now_monotonic() / 1_000_000_000;
    fields(&[
        ("redis_version", &VERSION),
        ("redis_git_sha1", &"00000000"),
        ("redis_git_dirty", &0),
        ("redis_build_id", &"0000000000000000"),
        ("redis_mode", &"standalone"),
        ("os", &"slt"),
        ("arch_bits", &64),
        ("multiplexing_api", &"epoll"),
        ("process_id", &1),
        ("run_id", &call.surroundings.run_id),
        ("tcp_port", &6379),
        ("server_time_usec", &(call.surroundings.clock.now_wall() / 1_000)),
        ("uptime_in_seconds", &seconds),
        ("uptime_in_days", &(seconds / 86_400)),
        ("hz", &10),
        ("configured_hz", &10),
        ("lru_clock", &((call.now / 1_000) & 0xff_ffff)),
        ("executable", &"/slt"),
        ("config_file", &""),
        ("io_threads_active", &0),
    ])
}

fn clients(call: &mut Call<'_>) -> String {
    let blocked = call
        .state
        .clients
        .iter()
        .filter(|(_, client)| client.is_blocked)
        .count();
    fields(&[
        ("connected_clients", &call.state.clients.len()),
        ("cluster_connections", &0),
        ("maxclients", &call.surroundings.limits.connections),
        ("client_recent_max_input_buffer", &0),
        ("client_recent_max_output_buffer", &0),
        ("blocked_clients", &blocked),
        ("tracking_clients", &0),
        ("clients_in_timeout_table", &0),
    ])
}

fn memory(call: &mut Call<'_>) -> String {
    let used = call.state.store.bytes();
    let chosen = call.state.configuration.max_memory();
    let policy = String::from_utf8_lossy(call.state.configuration.eviction_policy()).into_owned();
    fields(&[
        ("used_memory", &used),
        ("used_memory_human", &human(used)),
        ("used_memory_rss", &used),
        ("used_memory_peak", &used),
        ("used_memory_dataset", &used),
        ("maxmemory", &chosen),
        ("maxmemory_human", &human(chosen)),
        ("maxmemory_policy", &policy),
        ("mem_fragmentation_ratio", &"1.00"),
        ("mem_allocator", &"slt"),
        ("active_defrag_running", &0),
        ("lazyfree_pending_objects", &0),
    ])
}

/// As Redis shortens a number of bytes: `1.50M`.
fn human(bytes: u64) -> String {
    const UNITS: &[(&str, u32)] = &[("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    for (unit, shift) in UNITS {
        if bytes >> shift > 0 {
            let hundredths = (u128::from(bytes) * 100) >> shift;
            return format!("{}.{:02}{unit}", hundredths / 100, hundredths % 100);
        }
    }
    format!("{bytes}B")
}

fn persistence(call: &mut Call<'_>) -> String {
    fields(&[
        ("loading", &0),
        ("async_loading", &0),
        ("rdb_changes_since_last_save", &0),
        ("rdb_bgsave_in_progress", &0),
        ("rdb_last_save_time", &started_at(call)),
        ("rdb_last_bgsave_status", &"ok"),
        ("rdb_last_bgsave_time_sec", &-1),
        ("rdb_current_bgsave_time_sec", &-1),
        ("rdb_saves", &0),
        ("aof_enabled", &0),
        ("aof_rewrite_in_progress", &0),
        ("aof_rewrite_scheduled", &0),
        ("aof_last_rewrite_time_sec", &-1),
        ("aof_current_rewrite_time_sec", &-1),
        ("aof_last_bgrewrite_status", &"ok"),
        ("aof_last_write_status", &"ok"),
    ])
}

fn stats(call: &mut Call<'_>) -> String {
    let (counters, found) = (&call.state.counters, call.state.store.statistics);
    let errors: u64 = counters.errors.values().sum();
    fields(&[
        ("total_connections_received", &counters.connections),
        ("total_commands_processed", &counters.commands),
        ("instantaneous_ops_per_sec", &0),
        ("rejected_connections", &counters.rejected_connections),
        ("sync_full", &0),
        ("sync_partial_ok", &0),
        ("sync_partial_err", &0),
        ("expired_keys", &found.expired),
        ("evicted_keys", &found.evicted),
        ("keyspace_hits", &found.hits),
        ("keyspace_misses", &found.misses),
        ("pubsub_channels", &0),
        ("pubsub_patterns", &0),
        ("latest_fork_usec", &0),
        ("total_forks", &0),
        ("total_error_replies", &errors),
    ])
}

fn replication(call: &mut Call<'_>) -> String {
    fields(&[
        ("role", &"master"),
        ("connected_slaves", &0),
        ("master_failover_state", &"no-failover"),
        ("master_replid", &call.surroundings.run_id),
        ("master_replid2", &"0000000000000000000000000000000000000000"),
        ("master_repl_offset", &0),
        ("second_repl_offset", &-1),
        ("repl_backlog_active", &0),
        ("repl_backlog_size", &1_048_576),
        ("repl_backlog_first_byte_offset", &0),
        ("repl_backlog_histlen", &0),
    ])
}

fn cpu(_: &mut Call<'_>) -> String {
    fields(&[
        ("used_cpu_sys", &"0.000000"),
        ("used_cpu_user", &"0.000000"),
        ("used_cpu_sys_children", &"0.000000"),
        ("used_cpu_user_children", &"0.000000"),
    ])
}

/// Commands take no time on a clock that stands still meanwhile.
fn commandstats(call: &mut Call<'_>) -> String {
    let mut text = String::new();
    for (name, calls) in &call.state.counters.calls {
        let _ = write!(
            text,
            "cmdstat_{name}:calls={},usec=0,usec_per_call=0.00,rejected_calls={},failed_calls={}\r\n",
            calls.made, calls.rejected, calls.failed
        );
    }
    text
}

fn errorstats(call: &mut Call<'_>) -> String {
    let errors = call.state.counters.errors.iter();
    errors
        .map(|(word, count)| format!("errorstat_{word}:count={count}\r\n"))
        .collect()
}

fn keyspace(call: &mut Call<'_>) -> String {
    let mut text = String::new();
    for database in 0..DATABASES {
        let found = call.state.store.keyspace(database, call.now);
        if found.keys > 0 {
            let _ = write!(
                text,
                "db{database}:keys={},expires={},avg_ttl=0\r\n",
                found.keys, found.expiring
            );
        }
    }
    text
}
