//! The list of all tests.

/// Makes a test of each function of the suite for one store. A function that isn't listed here is dead
/// code, and the compiler says so.
macro_rules! conformance {
    ($store:ident: $scene:ty) => {
        mod $store {
            theme!($scene: jobs {
                an_enqueued_job_is_as_it_was_given,
                ids_come_back_in_the_order_of_the_jobs,
                enqueueing_nothing_does_nothing,
                an_id_that_is_taken_fails_the_whole_batch,
                an_id_twice_in_a_batch_fails_the_whole_batch,
                a_completed_job_still_has_its_id,
                ids_differ_by_case_and_may_be_in_any_script,
                a_made_id_is_never_made_again,
                made_ids_sort_in_the_order_of_creation,
                a_made_id_passes_over_those_taken_by_hand,
                any_bytes_in_an_argv_and_a_directory_come_back_as_they_were,
                a_command_of_one_mebibyte_comes_back_whole,
                a_line_comes_back_with_its_shell,
                rules_at_their_limits_come_back_as_they_were,
                what_is_not_there_is_no_such_job,
            });
            theme!($scene: batch {
                jobs_whose_ids_are_taken_are_passed_over_if_that_is_meant,
                a_batch_with_an_id_that_is_taken_is_refused_if_that_is_meant,
                a_batch_of_none_but_taken_ids_adds_nothing,
                a_batch_that_is_taken_back_is_gone_and_no_other_job_with_it,
                a_batch_of_nothing_takes_nothing_back,
                what_somebody_has_begun_to_run_is_not_taken_back,
                a_store_says_which_ids_are_taken_in_the_order_given,
            });
            theme!($scene: import {
                what_comes_from_another_store_is_as_it_was_there,
                what_goes_out_is_all_that_is_known_in_the_order_of_creation,
                what_ran_in_another_store_waits_here_as_if_stopped,
                claims_of_this_store_come_after_all_that_were_brought,
                a_job_from_elsewhere_whose_id_is_taken_is_refused_or_passed_over,
                nothing_from_elsewhere_waits_longer_than_this_store_lets_it,
                no_more_of_what_was_printed_elsewhere_is_kept_than_the_limit,
                ids_made_here_come_after_those_that_were_made_elsewhere,
                an_id_that_only_looks_like_a_made_one_leaves_room_for_others,
                ids_that_another_store_has_used_up_are_not_made_here,
            });
            theme!($scene: lists {
                a_list_is_newest_first_whatever_has_happened_since,
                a_store_is_told_from_all_others,
                a_list_of_one_state_has_only_jobs_in_it,
                a_job_in_a_list_is_the_job_itself,
                a_list_cut_short_says_how_many_there_are,
                counts_are_what_the_lists_say,
            });
            theme!($scene: order {
                the_most_urgent_job_is_next_and_the_older_of_two,
                a_minute_of_waiting_is_worth_one_of_priority,
                a_retry_waits_from_when_it_is_due,
                of_several_that_are_due_the_most_urgent_is_next,
                hundreds_that_are_due_at_once_all_have_their_turn,
                a_job_given_back_has_its_old_place,
                a_job_retried_by_hand_waits_anew,
            });
            theme!($scene: clocks {
                a_retry_waits_no_longer_when_the_clock_is_set_back,
                a_clock_can_be_set_back_again,
                a_worker_that_begins_after_the_clock_was_set_back_sees_it,
                who_waited_before_the_clock_was_set_back_is_before_newcomers,
                a_job_given_back_after_the_clock_was_set_back_is_before_newcomers,
                a_clock_set_forward_brings_a_retry_once,
                the_jobs_of_who_is_gone_wait_no_longer_when_the_clock_is_set_back,
                who_lives_keeps_its_lease_when_the_clock_is_set_back,
            });
            theme!($scene: claims {
                a_claimed_job_is_processed_by_its_worker_from_now_on,
                an_attempt_is_seen_while_it_runs,
                a_worker_gets_no_more_than_it_has_room_for,
                a_worker_hears_whether_there_is_more,
                a_retry_that_is_due_counts_as_more,
                a_worker_hears_how_many_jobs_have_yet_to_run,
                two_workers_never_get_the_same_job,
                many_workers_at_once_run_every_job_exactly_once,
                every_claim_has_a_larger_fence_than_all_before,
                fences_grow_even_if_all_are_gone_and_the_store_is_opened_anew,
                a_claim_is_checked_for_who_asks,
                a_turn_takes_results_and_gives_jobs_at_once,
                a_worker_that_is_not_known_gets_nothing,
            });
            theme!($scene: settle {
                a_success_completes_the_job,
                a_failure_waits_for_its_retry,
                every_way_to_end_is_kept_in_full,
                a_retry_is_not_claimed_before_it_is_due,
                a_worker_hears_when_the_next_retry_is_due,
                a_job_out_of_attempts_is_dead_and_says_why,
                all_attempts_are_kept_even_over_a_retry_by_hand,
                a_stop_consumes_no_attempt,
                a_result_under_another_fence_is_lost,
                a_result_that_was_given_already_is_lost,
                a_result_of_a_job_that_is_gone_is_lost,
                one_lost_claim_does_not_spoil_the_rest_of_its_turn,
                the_output_of_a_lost_result_is_dropped,
                the_rules_of_now_decide_the_backoff,
                counts_follow_every_result,
            });
            theme!($scene: output {
                output_comes_back_in_the_order_of_arrival,
                output_is_any_bytes,
                output_is_seen_while_the_job_runs,
                output_of_several_jobs_in_one_turn_is_kept_apart,
                what_the_worker_has_left_out_stays_a_gap,
                every_attempt_has_an_output_of_its_own,
                no_more_is_kept_than_the_limit_while_the_job_runs,
                no_more_is_kept_than_the_limit_of_one_big_result,
                output_that_fits_is_kept_whole,
                a_limit_of_nothing_keeps_nothing,
                output_goes_with_its_job,
            });
            theme!($scene: workers {
                a_worker_is_known_as_it_made_itself_known,
                a_name_that_another_process_has_is_refused,
                workers_are_listed_longest_running_first,
                a_worker_is_heard_of_in_every_turn,
                a_worker_runs_as_many_jobs_as_it_holds,
                a_worker_hears_in_its_next_turn_that_it_is_to_stop,
                a_stop_at_once_is_not_taken_back_by_asking_for_less,
                a_worker_that_makes_itself_known_again_is_to_stop_still,
                unknown_workers_are_passed_over_when_others_are_asked_to_stop,
                a_worker_asked_to_stop_gets_nothing_new,
                a_worker_that_can_start_no_jobs_is_known_to_since_it_said_so,
                a_worker_that_makes_itself_known_can_start_jobs,
                a_worker_that_ends_gives_its_jobs_back,
            });
            theme!($scene: rescue {
                what_a_dead_worker_held_goes_back_to_the_queue,
                what_others_hold_is_left_alone_by_a_rescue,
                a_job_whose_workers_keep_dying_is_dead_in_the_end,
                how_many_may_die_of_a_job_is_a_setting,
                a_worker_that_is_not_known_held_nothing,
                a_second_rescue_changes_nothing,
                a_zombie_changes_nothing_and_hears_that_it_is_dead,
                a_zombie_under_a_new_name_does_not_get_its_claims_back,
            });
            theme!($scene: leases {
                a_worker_has_a_lease_where_there_are_leases,
                a_lease_is_renewed_for_who_asks_for_it,
                who_is_not_known_any_more_hears_it_when_it_renews_its_lease,
                a_lease_is_as_long_as_the_setting_says_and_never_made_shorter,
                who_is_not_heard_of_for_longer_than_its_lease_is_rescued,
                who_has_renewed_its_lease_in_time_is_not_rescued,
                who_comes_back_late_but_before_others_keeps_what_it_held,
                who_was_asked_to_stop_and_is_lost_stops_when_it_comes_back,
                who_is_lost_is_remembered_until_it_ends_or_a_month_has_passed,
            });
            theme!($scene: dead {
                a_retried_job_starts_anew,
                a_retry_can_give_a_new_timeout,
                several_are_retried_in_the_order_given,
                all_dead_are_retried_in_the_order_of_creation,
                one_that_is_missing_fails_the_whole_retry,
                one_that_is_not_dead_fails_the_whole_retry,
                a_buried_job_is_dead_and_says_why,
                only_a_waiting_job_can_be_buried,
            });
            theme!($scene: release {
                a_released_job_waits_as_if_nobody_had_claimed_it,
                a_released_job_is_claimed_again_in_its_old_place,
                who_has_lost_a_claim_releases_nothing,
                what_a_dead_worker_had_not_begun_is_only_released,
            });
            theme!($scene: stop {
                who_runs_a_job_hears_that_its_run_is_to_end,
                a_stopped_job_is_dead_when_its_run_has_ended,
                a_run_that_ends_by_itself_before_it_is_stopped_counts,
                a_stopped_job_is_dead_when_its_worker_has_gone,
                a_stopped_job_can_be_retried_and_runs_as_any_other,
                only_a_job_that_is_processed_can_be_stopped,
            });
            theme!($scene: delete {
                a_removed_job_is_gone_with_all_that_is_known_of_it,
                a_job_in_any_state_but_processing_can_be_removed,
                a_job_that_is_processed_is_not_removed,
                the_dead_can_be_cleared_while_others_are_processed,
                all_are_cleared_if_none_is_processed,
                nothing_is_cleared_while_jobs_are_processed,
                completed_jobs_are_forgotten_those_that_ended_first_and_no_more_than_wanted,
                only_completed_jobs_are_forgotten_with_all_that_is_known_of_them,
                all_are_cleared_by_force_and_their_workers_hear_of_it,
            });
            theme!($scene: settings {
                a_new_store_has_the_defaults,
                every_setting_is_kept_and_seen_by_others,
                a_setting_can_be_changed_again,
                a_bad_value_is_refused_and_changes_nothing,
                workers_hear_of_new_settings_in_their_next_turn,
                a_job_keeps_the_rules_that_it_was_given,
            });
            theme!($scene: bell {
                an_enqueue_by_another_wakes_who_waits,
                a_retry_wakes_who_waits,
                jobs_given_back_by_who_has_gone_wake_who_waits,
                jobs_given_back_in_a_turn_wake_who_waits,
                a_ring_before_the_wait_is_not_lost,
                one_ring_wakes_one_of_two,
                another_handle_is_the_same_bell,
                ringing_never_blocks_however_few_listen,
            });
            theme!($scene: check {
                a_store_that_has_lived_is_sound,
                a_check_changes_nothing,
                wrong_counts_are_found_and_counted_anew,
                numbers_that_would_come_again_are_found_and_do_not,
                a_job_whose_worker_is_not_known_is_found_and_runs_again,
                what_has_its_worker_back_is_not_taken_from_it,
                what_is_left_of_jobs_that_are_gone_is_found_and_removed,
                a_job_that_can_not_be_read_is_found_and_left_alone,
                a_clock_that_went_back_is_found_and_no_job_waits_for_it,
            });
            theme!($scene: backup {
                a_backup_has_all_that_the_store_has,
                what_ran_at_the_backup_runs_again_in_it_as_if_stopped,
                a_backup_is_sound_and_can_be_worked_on,
                what_comes_later_is_not_in_a_backup,
                a_backup_that_is_called_off_leaves_nothing_and_can_be_made_again,
            });
            theme!($scene: life {
                a_store_that_is_opened_again_has_everything,
                what_one_handle_does_the_others_see_at_once,
                the_time_of_a_store_goes_by_its_clock,
                results_are_safe_once_they_are_synced,
                a_handle_is_as_good_as_new_after_an_error,
            });
            theme!($scene: model {
                whatever_happens_the_store_says_what_the_model_says,
                what_happens_to_the_model_is_enough_to_see_everything,
            });
        }
    };
}

macro_rules! theme {
    ($scene:ty: $theme:ident { $($test:ident,)+ }) => {
        mod $theme {
            $(
                #[test]
                fn $test() {
                    crate::$theme::$test::<$scene>();
                }
            )+
        }
    };
}
