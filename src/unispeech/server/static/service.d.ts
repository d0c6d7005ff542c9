// Responses of the HTTP API, limited to the fields the page uses. A test compares them with OpenAPI.

export interface JobShown {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  filename: string;
  backend: string;
  model: string;
  options: Record<string, Option["default"]>;
  parent: string | null;
  range: (number | null)[] | null;
  applies: boolean | null;
  applied: number | null;
  created: number;
  duration: number | null;
  done: number;
  time_left: number | null;
  position: number | null;
  revision: number | null;
  error: string | null;
  tags: string[];
  expires: number | null;
}

export interface PlacePart {
  text: string;
  match: boolean;
}

export interface Place {
  start: number | null;
  parts: PlacePart[];
}

export interface JobInList extends JobShown {
  places: Place[];
}

export interface TagShown {
  tag: string;
}

export interface TagList {
  tags: TagShown[];
}

export interface VocabularyShown {
  name: string;
  words: string[];
}

export interface VocabularyInList {
  name: string;
  size: number;
}

export interface VocabularyList {
  vocabularies: VocabularyInList[];
}

export interface Usage {
  recordings: number;
  bytes: number;
  limit: number | null;
}

export interface Holds {
  bytes: number;
  revisions: number;
  shares: number;
}

export interface JobInFull extends JobShown {
  holds: Holds;
  warnings: string[];
  translation: JobShown["state"] | null;
}

export interface JobList {
  jobs: JobInList[];
  total: number;
}

export interface UploadShown {
  id: string;
  filename: string;
  size: number;
  offset: number;
  expires: number;
}

export interface UploadList {
  uploads: UploadShown[];
}

export interface SharedJob {
  filename: string;
  duration: number | null;
  revision: number | null;
  translation: string | null;
}

export interface Ticket {
  token: string;
  path: string;
}

export interface ShareShown {
  id: string;
  name: string | null;
  created: number;
  expires: number | null;
}

export interface ShareMade extends ShareShown {
  token: string;
}

export interface ShareList {
  shares: ShareShown[];
}

export interface RevisionShown {
  number: number;
  created: number;
  kind: "decoded" | "edited" | "decoded_again" | "restored";
  author: string | null;
  segments: number;
}

export interface RevisionList {
  revisions: RevisionShown[];
}

export interface Violation {
  segment: number;
  start: number;
  text: string;
  rule:
    | "max_line_width"
    | "max_line_count"
    | "max_words_per_line"
    | "max_cps"
    | "min_duration"
    | "max_duration"
    | "min_gap"
    | "close_gap"
    | "fps"
    | "overlap";
  value: number;
  limit: number;
}

export interface Checked {
  cues: number;
  violations: Violation[];
}

/** Start and end in seconds, and the letter or phone. */
export type Mark = [start: number, end: number, text: string];

export interface EditedWord {
  start: number;
  end: number;
  word: string;
  probability: number;
  speaker?: string | null;
  timed_by?: string;
  confidence?: number | null;
  characters?: Mark[];
  phones?: Mark[];
}

export interface EditedSegment {
  start: number;
  end: number;
  text: string;
  words?: EditedWord[];
  speaker?: string | null;
}

export interface EditedGap {
  start: number;
  end: number;
  reason: string;
}

export interface TranslatedSegment {
  start: number;
  end: number;
  text: string;
}

export interface TranslationShown {
  job: JobShown;
  source: string | null;
  language: string;
  segments: TranslatedSegment[];
}

// Not in OpenAPI

export interface Transcript {
  language: string;
  /** All languages of the segments, if there are several. */
  languages?: string[];
  segments: EditedSegment[];
  gaps?: EditedGap[];
  warnings?: string[];
}

export interface Media {
  type?: string;
  duration?: number | null;
  video?: boolean;
  /** The reason why the recording cannot be played; then all other fields are absent. */
  missing?: string;
}

export interface Allowed {
  allowed: boolean;
  reason: string | null;
}

export interface Choice {
  values: string[];
  refused: Record<string, string>;
}

export interface Backend {
  name: string;
  summary: string;
  family: string;
  usable: boolean;
  default_model: string;
  options: Allowances;
  /** The options by model family, if the backend runs several. */
  families?: Record<string, Allowances>;
}

export interface Allowances {
  task: Choice;
  language: Allowed & { required: boolean };
  [option: string]: Allowed | Choice;
}

/** An option of a job, independent of the backend. */
export interface Option {
  name: string;
  type: "text" | "bool" | "int" | "float";
  help: string;
  unit: string | null;
  default: string | number | boolean | null;
  choices: string[];
  minimum: number | null;
  maximum: number | null;
  max_length: number | null;
  /** Part of the form for new recordings. */
  page: boolean;
  /** Part of the dialog for decoding a range again. */
  again: boolean;
}

/** House rules for subtitles. */
export interface LayoutPreset {
  name: string;
  about: string;
  values: Record<string, string | number>;
}

export interface Model {
  name: string;
  family: string;
  /** Backends that run it. */
  backends: string[];
  languages: string[];
  /** The languages that it is recommended for; empty: all of `languages`. */
  made_for: string[];
  tasks: string[];
  kept: boolean;
  /** Place among all models by accuracy; 0 is the most accurate. */
  rank: number;
  megabytes: number;
  licence: string;
  /** False if the licence forbids commercial use. */
  commercial: boolean;
  family_title: string;
}

export interface Info {
  keys_required: boolean;
  backend: string;
  model: string;
  backends: Backend[];
  options: Option[];
  models: Model[];
  languages: { code: string; name: string }[];
  formats: string[];
  layout: { options: Option[]; presets: LayoutPreset[] };
  limits: {
    max_upload: number;
    retention_days: number;
    fetch_urls: boolean;
    caption_watchers: number;
  };
  disclaimer: string;
}

export interface Verdict {
  ok: boolean;
  message: string | null;
  hint: string | null;
}

/** Data of server-sent events, by type. */
export interface ServerEvents {
  state: { state: JobShown["state"] | "deleted" };
  segment: EditedSegment;
  progress: Pick<JobShown, "done" | "duration" | "time_left">;
  jobs: { jobs: JobShown[] };
  job: JobShown;
  deleted: { id: string };
  captions: CaptionUpdate;
  end: object;
}

export type LiveMessage = { id?: number } & (
  | LiveEvent
  | { type: "session"; session: string; received: number; resumed: boolean }
  | { type: "shared"; captions: string | null }
  | { type: "error"; message: string }
  | { type: "done" }
);

export interface LiveEvent {
  type: "partial" | "final" | "endpoint" | "gap";
  start: number;
  end: number;
  text: string;
  words: { word: string; start: number; end: number }[];
  lag: number;
}

/** Link with which others watch live captions. */
export interface CaptionsLink {
  id: string;
  secret: string;
}

/** Change of captions that are watched. */
export interface CaptionUpdate {
  live: boolean;
  lines: string[];
  text: string;
  hypothesis: string;
}
