//! The tests that have the machine for themselves, since a neighbour could change what they judge: times, CPU, causes, noise, what the
//! system holds of ours. They stand in their modules and are listed here. Tests go by name, so these come first, one after the other;
//! then all others go beside each other.

macro_rules! alone {
    ($($test:ident in $($module:ident)::+;)+) => {
        $(
            #[test]
            fn $test() {
                crate::$($module)::+::$test();
            }
        )+
    };
}

alone! {
    a_batch_of_one_and_a_passed_deadline_keep_exact_books in running::accounting;
    blame_over_quick_scenarios_of_the_library in running::blame;
    hidden_faults_are_run_asked_for_and_scored_and_a_test_is_judged_once in running::blame;
    the_first_cause_is_what_was_injected_and_the_fault_log_is_not_asked in running::blame;
    a_spoilt_trial_is_run_again_and_every_attempt_is_kept in running::disturbed;
    slices_that_stop_the_service_are_seen_as_stolen_time in running::disturbed;
    an_engine_can_stand_in_the_place_of_the_receiver in running::engines;
    what_a_killed_engine_held_is_lost_there_and_nowhere_else in running::engines;
    pressure_on_runtime_and_stack_is_measured in running::faults::code;
    packets_are_lost_where_the_kernel_has_netem_and_said_to_be_absent_elsewhere in running::faults::network;
    the_kernel_holds_packets_back_in_the_trials_own_namespace in running::faults::network;
    control_groups_squeeze_and_kill in running::faults::process;
    signals_end_stop_and_restart_a_process in running::faults::process;
    an_older_sdk_takes_the_seconds_of_retry_after_for_nanoseconds in running::faults::receiver;
    drawn_times_are_those_of_the_seed in running::faults::timing;
    faults_repeat_and_overlap in running::faults::timing;
    a_configuration_that_is_read_again_is_an_end_and_a_start_in_one_process in running::hops;
    what_a_killed_collector_held_is_lost_and_nothing_else_is in running::hops;
    a_search_knows_what_the_queue_of_a_collector_outlasts_and_what_it_needs in running::hops::advised;
    a_harness_killed_in_mid_run_leaves_nothing_behind_but_a_valid_partial_result in running::interruption;
    a_harness_killed_while_it_builds_takes_the_compilers_along in running::interruption;
    what_faults_have_injected_goes_with_the_harness in running::interruption;
    a_quota_that_holds_everything_back_is_named in running::limits;
    without_space_for_raw_logs_the_run_has_gaps_and_no_verdict in running::limits;
    what_is_advised_is_run_beside_the_original_and_loses_what_was_predicted in running::remedies;
    a_rule_is_sent_to_the_endpoint_and_its_spans_are_filtered in running::sampling;
    drawn_rows_with_short_runs_are_what_is_counted_by_hand in telling::claims::drawn;
    a_candidate_that_loses_spans_is_worse_and_runs_are_compared_again in telling::compare;
    a_search_finds_what_a_configuration_carries in telling::compare;
    the_release_that_changed_something_is_named in telling::sdks;
    a_plain_service_without_a_propagator_has_its_loss_told in watching::attach;
    a_process_that_runs_is_joined_and_left_as_it_was in watching::attach;
    a_program_that_just_runs_is_explained_and_hears_ctrl_c in watching::attach;
    every_span_of_a_loaded_program_is_explained_without_a_ledger_of_its_own in watching::attach;
    drops_are_those_of_the_books_and_the_ceiling_is_batch_over_round_trip in watching::peek;
    a_batch_witness_counts_what_it_does_not_name in watching::probes;
    a_killed_process_has_left_everything_with_the_probes in watching::probes;
    probes_that_cost_too_much_are_shed_and_it_is_said in watching::probes;
    sampling_counts_what_it_leaves_out in watching::probes;
    three_witnesses_agree_by_id_where_the_queue_is_full_and_where_it_blocks in watching::probes;
    what_a_small_buffer_loses_is_counted_to_the_record in watching::probes;
}
