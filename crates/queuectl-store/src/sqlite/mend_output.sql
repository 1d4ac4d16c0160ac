DELETE FROM output
WHERE fence NOT IN (SELECT fence FROM attempts)
    AND fence NOT IN (SELECT fence FROM jobs WHERE state = 1 AND fence IS NOT NULL)
