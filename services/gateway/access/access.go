// Package access says who may do what: tokens with a role, and one table of
// what each role may call.
//
// In flow the header of a call and the name of what is called; out flows who
// calls, or that he may not. Never here: what a call does.
package access

import (
	"context"
	"slices"

	apiv1 "kaohe.dev/proto/gen/kaohe/api/v1"
	feedv1 "kaohe.dev/proto/gen/kaohe/feed/v1"
	"kaohe.dev/services/flow"
)

// Principal is who calls.
type Principal struct {
	// ID of who calls: his token's, "admin" for the administrator's of the data
	// directory, or "oidc:" and a subject.
	ID string
	// Token is the id of the token he sent; empty when kaohe does not keep it.
	Token string
	Name  string
	Role  apiv1.Role
	// Units a unit manager sees.
	Units []string
}

// Admin is the administrator of the data directory.
const Admin = "admin"

// Short names of the roles, for the table.
const (
	feed       = apiv1.Role_ROLE_FEED
	manager    = apiv1.Role_ROLE_UNIT_MANAGER
	assessor   = apiv1.Role_ROLE_ASSESSOR
	committee  = apiv1.Role_ROLE_COMMITTEE
	operations = apiv1.Role_ROLE_OPERATIONS
	// The administrator may call everything and is in no row.
	administrator = apiv1.Role_ROLE_ADMINISTRATOR
)

// Calls that are not in the contract.
const (
	ListMonths = "ListMonths"
	Metrics    = "Metrics"
)

// table says who may call what. What is not in it only the administrator may
// call.
func table() map[string][]apiv1.Role {
	writers := []apiv1.Role{feed, assessor, committee, operations}
	readers := []apiv1.Role{manager, assessor, committee, operations}
	everybody := []apiv1.Role{feed, manager, assessor, committee, operations}
	return map[string][]apiv1.Role{
		apiv1.FeedService_PushEvents_FullMethodName:      writers, // which events: see MaySend
		apiv1.FeedService_StreamEvents_FullMethodName:    writers,
		apiv1.FeedService_AwaitBarrier_FullMethodName:    {feed, operations},
		apiv1.ScoreService_ListUnits_FullMethodName:      everybody,
		apiv1.ScoreService_ListScorecards_FullMethodName: readers, // a manager's: his own
		apiv1.ScoreService_GetScorecard_FullMethodName:   readers,
		apiv1.ScoreService_ListEntries_FullMethodName:    readers,
		apiv1.ScoreService_GetEntry_FullMethodName:       readers,
		apiv1.ScoreService_GetTicket_FullMethodName:      readers,
		apiv1.ScoreService_StreamLedger_FullMethodName:   readers,
		apiv1.ScoreService_VerifyMonth_FullMethodName:    {assessor, committee, operations},
		apiv1.ScoreService_ListQuarantine_FullMethodName: {operations},
		apiv1.LogService_ExportEvents_FullMethodName:     {operations},
		apiv1.TokenService_WhoAmI_FullMethodName:         everybody,
		apiv1.AuditService_ListAudit_FullMethodName:      {committee, operations},

		apiv1.MonthService_GetMonth_FullMethodName:            {assessor, committee, operations},
		apiv1.MonthService_StartClosing_FullMethodName:        {assessor},
		apiv1.MonthService_CloseMonth_FullMethodName:          {assessor},
		apiv1.MonthService_PublishMonth_FullMethodName:        {assessor, committee},
		apiv1.MonthService_ListSheets_FullMethodName:          readers,
		apiv1.MonthService_ListRestatements_FullMethodName:    {assessor, committee},
		apiv1.MonthService_DecideRestatement_FullMethodName:   {committee},
		apiv1.ObjectionService_RaiseObjection_FullMethodName:  {manager},
		apiv1.ObjectionService_DecideObjection_FullMethodName: {assessor, committee}, // each at its stage
		apiv1.ObjectionService_ListObjections_FullMethodName:  readers,
		apiv1.ObjectionService_CountObjections_FullMethodName: readers,
		apiv1.WorkService_ListWork_FullMethodName:             readers, // a manager's: of his own units
		apiv1.WorkService_ProposePoints_FullMethodName:        {assessor, committee, operations},
		apiv1.WorkService_DecidePoints_FullMethodName:         {assessor, committee},
		apiv1.WhatIfService_WhatIf_FullMethodName:             {assessor, committee},
		apiv1.RulebookService_ListRulebooks_FullMethodName:    readers, // whoever is judged may read the rules
		apiv1.RulebookService_GetRulebook_FullMethodName:      readers,
		apiv1.RulebookService_CheckRulebook_FullMethodName:    {assessor, committee, operations},
		apiv1.RulebookService_DiffRulebooks_FullMethodName:    readers,

		apiv1.RegistryService_RegisterUnit_FullMethodName:        {operations},
		apiv1.RegistryService_RegisterAgent_FullMethodName:       {operations},
		apiv1.RegistryService_RegisterHallManager_FullMethodName: {operations},
		apiv1.RegistryService_ListUnitHistory_FullMethodName:     readers, // a manager's: his own
		apiv1.RegistryService_ListAgents_FullMethodName:          readers,
		apiv1.RegistryService_ListHallManagers_FullMethodName:    readers,
		apiv1.RegistryService_PreviewImport_FullMethodName:       {operations},
		apiv1.RegistryService_ApplyImport_FullMethodName:         {operations},
		apiv1.RegistryService_GetTemplate_FullMethodName:         {operations},
		apiv1.RegistryService_ListCommitments_FullMethodName:     everybody, // tickets carry their names
		apiv1.RegistryService_GetCalendar_FullMethodName:         everybody,
		apiv1.DrawService_DrawHalls_FullMethodName:               {assessor}, // unannounced: no manager sees one
		apiv1.DrawService_ListDraws_FullMethodName:               {assessor, committee},
		apiv1.DrawService_GetDraw_FullMethodName:                 {assessor, committee},

		apiv1.ReportService_GetReport_FullMethodName:         readers, // a manager's: his own
		apiv1.QuotaService_GetQuota_FullMethodName:           readers,
		apiv1.WebhookService_CreateWebhook_FullMethodName:    {operations},
		apiv1.WebhookService_ListWebhooks_FullMethodName:     {operations},
		apiv1.WebhookService_DeleteWebhook_FullMethodName:    {operations},
		apiv1.WebhookService_TestWebhook_FullMethodName:      {operations},
		apiv1.WebhookService_ListDeliveries_FullMethodName:   {operations},
		apiv1.WebhookService_ReplayDeliveries_FullMethodName: {operations},

		ListMonths: readers,
		Metrics:    {operations},
	}
}

// Table is the compiled table.
type Table struct{ rows map[string][]apiv1.Role }

// NewTable makes it.
func NewTable() Table { return Table{table()} }

// May reports whether a role may call something.
func (t Table) May(role apiv1.Role, call string) bool {
	return role == administrator || slices.Contains(t.rows[call], role)
}

// Sees reports whether somebody may see what concerns a unit. An empty unit is
// all of them.
func (p *Principal) Sees(unit string) bool {
	return p.Role != manager || slices.Contains(p.Units, unit)
}

// MaySend reports whether somebody may send an event: who reports what happened
// sets no points, and who sets points reports nothing. Units, rulebooks and the
// clocks of imports are for those who look after the system.
func (p *Principal) MaySend(e *feedv1.Event) bool {
	switch e.Payload.(type) {
	case *feedv1.Event_PointsDecided, *feedv1.Event_ThanksDecided:
		return p.Role == assessor || p.Role == committee || p.Role == administrator
	case *feedv1.Event_PointsProposed: // who reports may propose; somebody else decides
		return true
	case *feedv1.Event_HallAssessed, *feedv1.Event_ConductRecorded, *feedv1.Event_SanctionImposed,
		*feedv1.Event_ItemWaived, *feedv1.Event_HallsDrawn:
		return p.Role == assessor || p.Role == administrator
	case *feedv1.Event_HallSurveyed:
		return p.Role == feed || p.Role == operations || p.Role == assessor || p.Role == administrator
	case *feedv1.Event_RulebookPublished, *feedv1.Event_ObjectionRaised, *feedv1.Event_ObjectionDecided:
		return p.Role == administrator
	case *feedv1.Event_CallMade: // kaohe says it itself
		return false
	case *feedv1.Event_UnitRegistered, *feedv1.Event_AgentRegistered, *feedv1.Event_HallManagerRegistered, *feedv1.Event_ClockAdvanced:
		return p.Role == operations || p.Role == administrator
	}
	if flow.TakesEffectInPlace(e) { // MonthService checks before it sends them
		return p.Role == administrator
	}
	if e.Clock != "" {
		return p.Role == operations || p.Role == administrator
	}
	return p.Role == feed || p.Role == operations || p.Role == administrator
}

type key struct{}

// With puts who calls into a context.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, key{}, p)
}

// Of gives who calls; nobody, who may do nothing, when a context has none.
func Of(ctx context.Context) *Principal {
	if p, ok := ctx.Value(key{}).(*Principal); ok {
		return p
	}
	return &Principal{Role: manager}
}
