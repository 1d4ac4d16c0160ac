SELECT state, count(*) AS there FROM jobs GROUP BY state
