"""Modules of a kernel that fibres need, by what for."""

SHAPING_NEEDS = ("sch_netem", "sch_prio", "cls_u32")
"""Every fibre."""
QUEUES_NEED = (
    *("ifb", "sch_htb", "sch_prio", "sch_drr", "sch_fq_codel", "sch_pie"),
    *("sch_ingress", "cls_matchall", "cls_bpf", "act_mirred"),
)
"""Modules for queues in front of fibres, which few scenarios ask for."""
