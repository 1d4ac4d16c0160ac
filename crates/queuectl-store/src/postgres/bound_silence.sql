-- For one transaction.
SELECT set_config('idle_in_transaction_session_timeout', '8000', true)
