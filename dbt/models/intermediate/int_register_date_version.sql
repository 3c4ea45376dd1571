{{ config(indexes=[{"columns": ["business_date"], "unique": true}], post_hook="analyze {{ this }}") }}

-- order-free: the sum of the hashes of the rows
with indexed as (
    select
        business_date,
        count(*) as points,
        sum(
            {{ row_hash(
                "point_no, total_index, sharp_index, peak_index, flat_index, valley_index, deep_valley_index"
            ) }}
        ) as hash
    from {{ source("ami", "register_day") }}
    group by business_date
),

loads as (
    select business_date, load_version from {{ ref("int_date_version") }}
),

-- without the end in the hash: closing a span or removing a meter must not change the dates inside it
hashed as (
    select
        valid_from,
        valid_to,
        {{ row_hash("point_no, account_no, transformer_no, org_no, usage_category") }} as hash
    from {{ ref("int_metering_point_span") }}
    union all
    -- a meter counts from the day after its installation
    select
        installed_date + 1,
        removed_date,
        {{ row_hash("point_no, meter_id, installed_date, ct_ratio, pt_ratio") }}
    from {{ ref("stg_cis__meter") }}
    where removed_date is null or removed_date > installed_date
),

registers as (
    {{ running_hash("hashed") }}
),

-- an advance is of two indexes: those of a date count on the next one too
final as (
    select
        indexed.business_date,
        md5(concat_ws(
            '|',
            indexed.points,
            indexed.hash,
            'before',
            before.points,
            before.hash,
            'loads',
            loads.load_version,
            registers.hash
        )) as version
    from indexed
    left join indexed as before on indexed.business_date = before.business_date + 1
    left join loads on indexed.business_date = loads.business_date
    left join registers
        on
            indexed.business_date >= registers.valid_from
            and (registers.valid_to is null or indexed.business_date < registers.valid_to)
)

select * from final
