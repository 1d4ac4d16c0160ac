INSERT INTO commands (seq, line, shell, argv, cwd)
VALUES (?1, ?2, ?3, ?4, ?5)
