-- statistics at once: without them PostgreSQL thinks that each point has hundreds of rows here, and joins facts to it
-- point by point, which lays down a fact of all dates in that order
{{
    config(
        indexes=[{"columns": ["point_no", "valid_from"], "unique": true}],
        post_hook="analyze {{ this }}",
    )
}}

with points as (
    select * from {{ ref("stg_cis__metering_point") }}
),

places as (
    select * from {{ ref("stg_network__point_transformer") }}
),

meters as (
    select * from {{ ref("stg_cis__meter") }}
),

transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

feeders as (
    select * from {{ ref("stg_network__feeder") }}
),

accounts as (
    select * from {{ ref("stg_cis__account") }}
),

-- every date on which something about a point changes
changes as (
    select point_no, valid_from as changed_date from places
    union
    select point_no, valid_to from places where valid_to is not null
    union
    select point_no, installed_date from meters
    union
    select point_no, removed_date from meters where removed_date is not null
),

spans as (
    select
        point_no,
        changed_date as valid_from,
        lead(changed_date) over (partition by point_no order by changed_date) as valid_to
    from changes
),

-- a source may hold two places or meters on one day: the later one counts
placed as (
    select distinct on (spans.point_no, spans.valid_from)
        spans.point_no,
        spans.valid_from,
        spans.valid_to,
        places.transformer_no,
        meters.meter_no,
        meters.ct_ratio * meters.pt_ratio as multiplier
    from spans
    left join places
        on
            spans.point_no = places.point_no
            and spans.valid_from >= places.valid_from
            and (places.valid_to is null or spans.valid_from < places.valid_to)
    left join meters
        on
            spans.point_no = meters.point_no
            and spans.valid_from >= meters.installed_date
            and (meters.removed_date is null or spans.valid_from < meters.removed_date)
    where places.point_no is not null or meters.point_no is not null
    order by
        spans.point_no asc,
        spans.valid_from asc,
        places.valid_from desc,
        places.relation_id desc,
        meters.installed_date desc,
        meters.meter_id desc
),

-- a point without any place or meter stays visible
complete as (
    select
        points.point_no,
        points.account_no,
        points.point_kind,
        points.feeder_no as own_feeder_no,
        points.interval_minutes,
        points.has_generation,
        placed.transformer_no,
        placed.meter_no,
        placed.multiplier,
        coalesce(placed.valid_from, date '1900-01-01') as valid_from,
        placed.valid_to
    from points
    left join placed on points.point_no = placed.point_no
),

final as (
    select
        complete.point_no,
        complete.account_no,
        complete.point_kind,
        case when complete.point_kind != 'feeder_boundary' then complete.transformer_no end as transformer_no,
        coalesce(transformers.feeder_no, complete.own_feeder_no) as feeder_no,
        coalesce(transformers.org_no, accounts.org_no, feeders.org_no) as org_no,
        accounts.usage_category,
        complete.meter_no,
        complete.multiplier,
        complete.interval_minutes,
        complete.has_generation,
        complete.valid_from,
        complete.valid_to
    from complete
    left join transformers
        on complete.transformer_no = transformers.transformer_no and complete.point_kind != 'feeder_boundary'
    left join accounts on complete.account_no = accounts.account_no
    left join feeders on complete.own_feeder_no = feeders.feeder_no
)

select * from final
