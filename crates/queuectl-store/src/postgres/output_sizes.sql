SELECT fence, sum(length(data))::bigint AS size FROM queuectl.output WHERE fence = ANY ($1) GROUP BY fence
