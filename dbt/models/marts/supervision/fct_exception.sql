{{ config(indexes=[{"columns": ["rule_code"]}, {"columns": ["entity_no"]}]) }}

-- not materialized: each use reads the columns that it needs, by all cores
with accounts as not materialized (
    select * from {{ ref("stg_cis__account") }}
),

contracts as not materialized (
    select * from {{ ref("stg_cis__contract") }}
),

points as not materialized (
    select * from {{ ref("stg_cis__metering_point") }}
),

meters as not materialized (
    select * from {{ ref("stg_cis__meter") }}
),

places as not materialized (
    select * from {{ ref("stg_network__point_transformer") }}
),

transformers as (
    select * from {{ ref("stg_network__transformer") }}
),

bills as not materialized (
    select * from {{ ref("stg_cis__bill") }}
),

payments as not materialized (
    select * from {{ ref("stg_cis__payment") }}
),

collected as (
    select max(business_date) as business_date from {{ source("ami", "collection_day") }}
),

rules as (
    select * from {{ ref("exception_rule") }}
),

-- of what staging knows alone: a mart whose test fails must not hide what made it fail
as_of as (
    select
        greatest(
            collected.business_date,
            (select max(bills.issued_date) from bills),
            (select {{ local_date("max(payments.paid_at)") }} from payments)
        ) as settled_as_of
    from collected
),

open_accounts as (
    select accounts.*
    from accounts
    cross join as_of
    where
        accounts.opened_date <= as_of.settled_as_of
        and (accounts.closed_date is null or accounts.closed_date > as_of.settled_as_of)
),

-- since the end of its last contract, or since it was opened
uncontracted as (
    select
        open_accounts.account_no,
        coalesce(max(contracts.valid_to), min(open_accounts.opened_date)) as business_date
    from open_accounts
    cross join as_of
    left join contracts on open_accounts.account_no = contracts.account_no
    group by open_accounts.account_no
    having
        count(*) filter (
            where
            contracts.valid_from <= as_of.settled_as_of
            and (contracts.valid_to is null or contracts.valid_to > as_of.settled_as_of)
        ) = 0
),

placed as (
    select distinct places.point_no
    from places
    inner join transformers on places.transformer_no = transformers.transformer_no
    cross join as_of
    where
        places.valid_from <= as_of.settled_as_of
        and (places.valid_to is null or places.valid_to > as_of.settled_as_of)
),

-- spans of which a key may have one at a time; the later of two that overlap is the exception
spans as (
    select
        'two_contracts' as rule_code,
        account_no as entity_no,
        contract_no as detail_no,
        contract_id as span_id,
        'cis.c_contract' as source_table,
        valid_from,
        valid_to
    from contracts
    where account_no is not null
    union all
    select 'overlapping_validity', point_no, transformer_no, relation_id, 'network.pms_tran_point', valid_from, valid_to
    from places
    union all
    select 'overlapping_validity', point_no, meter_no, meter_id, 'cis.c_meter', installed_date, removed_date
    from meters
),

-- nearly all keys have one span
several as (
    select
        source_table,
        entity_no
    from spans
    group by source_table, entity_no
    having count(*) > 1
),

overlapping as (
    select distinct
        later.rule_code,
        later.entity_no,
        coalesce(later.detail_no, '') || '/' || later.span_id as detail_no,
        later.source_table,
        later.valid_from as business_date
    from several
    inner join spans as later on several.source_table = later.source_table and several.entity_no = later.entity_no
    inner join spans as earlier
        on
            later.source_table = earlier.source_table
            and later.entity_no = earlier.entity_no
            and (later.valid_from, later.span_id) > (earlier.valid_from, earlier.span_id)
            and (later.valid_from < earlier.valid_to or earlier.valid_to is null)
            and (later.valid_to is null or later.valid_to > later.valid_from)
),

found as (
    select
        'account_without_contract' as rule_code,
        account_no as entity_no,
        '' as detail_no,
        'cis.c_cons' as source_table,
        business_date
    from uncontracted
    union all
    select rule_code, entity_no, detail_no, source_table, business_date from overlapping
    union all
    select
        'payment_without_bill',
        payments.payment_no,
        coalesce(payments.bill_no, ''),
        'cis.a_pay_flow',
        {{ local_date("payments.paid_at") }}
    from payments
    left join bills on payments.bill_no = bills.bill_no
    where bills.bill_no is null
    union all
    select 'bill_without_account', bills.bill_no, coalesce(bills.account_no, ''), 'cis.e_bill', bills.issued_date
    from bills
    left join accounts on bills.account_no = accounts.account_no
    where accounts.account_no is null
    union all
    select 'point_without_account', points.point_no, coalesce(points.account_no, ''), 'cis.c_mp', as_of.settled_as_of
    from points
    cross join as_of
    left join accounts on points.account_no = accounts.account_no
    where points.point_kind = 'customer' and accounts.account_no is null
    union all
    select
        'point_without_transformer', points.point_no, points.account_no, 'network.pms_tran_point', as_of.settled_as_of
    from points
    cross join as_of
    inner join open_accounts on points.account_no = open_accounts.account_no
    left join placed on points.point_no = placed.point_no
    where points.point_kind = 'customer' and placed.point_no is null
    union all
    select 'transformer_feeds_itself', transformer_no, relation_id::text, 'network.pms_tran_point', valid_from
    from places
    where point_no = transformer_no
    union all
    select 'transformer_feeds_itself', transformers.transformer_no, '', 'network.pms_transformer', as_of.settled_as_of
    from transformers
    cross join as_of
    where transformers.feeder_no = transformers.transformer_no
    union all
    select 'negative_capacity', contract_no, contract_id::text, 'cis.c_contract', valid_from
    from contracts
    where contract_capacity_kva < 0
    union all
    select 'negative_capacity', transformers.transformer_no, '', 'network.pms_transformer', as_of.settled_as_of
    from transformers
    cross join as_of
    where transformers.rated_kva < 0
),

final as (
    select
        found.rule_code,
        rules.entity_code,
        found.entity_no,
        found.detail_no,
        split_part(found.source_table, '.', 1) as source_name,
        found.source_table,
        found.business_date,
        rules.name_zh,
        rules.name_en,
        rules.next_step_zh,
        rules.next_step_en,
        current_timestamp as built_at
    from found
    left join rules on found.rule_code = rules.rule_code
)

select * from final
